# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Tools under every fault: the n-th of each system call that they make fails,
# for every n; the process is killed there; the n-th allocation fails, for every
# n, also inside the libraries below. Whatever happens, the output is the whole
# new one or none, an error has an exit status of ours, and nothing else is left
# in the folder. (A call that fails inside the loader ends with its status, 127.)
# shellcheck source=tests/cli/lib.sh
. "$CF_SOURCE/tests/cli/lib.sh"

command -v strace >/dev/null || {
    skip 'no strace'
    ok
    finish
}
strace -o trace true 2>said || {
    skip "strace does not work here: $(cat said)"
    ok
    finish
}
gcc -shared -fPIC -O1 -o malloc_fault.so "$CF_SOURCE/tests/faults/malloc_fault.c" || exit 2

# A folder "box" with the inputs, made anew for each point, and the wanted output.
set_up() {
    rm -rf box
    cp -R inputs box
}

# What may be in box: the inputs, and the output "new" whole or not at all.
inspect() {
    label=$1
    status=$2
    if [ -e box/new ]; then
        cmp -s box/new wanted || not_ok "$label: exit $status, the output is not whole"
        rm -f box/new
    elif [ "$status" -eq 0 ]; then
        not_ok "$label: exit 0 without an output"
    fi
    diff -r inputs box >litter || {
        not_ok "$label: exit $status, left behind or changed:"
        sed 's/^/    /' litter
    }
    ok
}

# Whether any program at all ends like this at this point.
is_the_loader() {
    strace -f -qq -o trace -e trace="$call" -e inject="$call:error=$errno:when=$n" true 2>/dev/null
    [ $? -eq "$status" ]
}

# sweep_errors CALL ERRNO COMMAND...: the n-th call fails, until none is left to fail.
sweep_errors() {
    call=$1
    errno=$2
    shift 2
    n=1
    while [ "$n" -le 60 ]; do
        set_up
        (cd box && exec strace -f -qq -o ../trace -e trace="$call" \
            -e inject="$call:error=$errno:when=$n" "$@" >/dev/null 2>../said)
        status=$?
        grep -q INJECTED trace || break
        inspect "$name: $call $errno, $n" "$status"
        [ "$status" -le 2 ] || [ "$status" -eq 127 ] || is_the_loader ||
            not_ok "$name: $call $errno, $n: exit $status"
        n=$((n + 1))
    done
    points=$((points + n - 1))
}

# sweep_signals CALL SIGNAL COMMAND...: it arrives at the n-th call.
sweep_signals() {
    call=$1
    signal=$2
    shift 2
    n=1
    while [ "$n" -le 60 ]; do
        set_up
        (cd box && exec strace -f -qq -o ../trace -e trace="$call" \
            -e inject="$call:signal=$signal:when=$n" "$@" >/dev/null 2>../said)
        status=$?
        inspect "$name: $call SIG$signal, $n" "$status"
        [ "$status" -gt 128 ] || break
        n=$((n + 1))
    done
    points=$((points + n - 1))
}

sweep_memory() {
    n=1
    while [ "$n" -le 1000 ]; do
        set_up
        rm -f seen
        (cd box && LD_PRELOAD=$work/malloc_fault.so MALLOC_FAULT_AT=$n \
            MALLOC_FAULT_SEEN=$work/seen exec "$@" >/dev/null 2>../said)
        status=$?
        [ -e seen ] || break
        inspect "$name: allocation $n" "$status"
        [ "$status" -le 2 ] || not_ok "$name: allocation $n: exit $status: $(cat said)"
        n=$((n + 1))
    done
    points=$((points + n - 1))
}

# faults NAME COMMAND...: run in a folder of inputs, it makes "new".
faults() {
    name=$1
    shift
    command=$name
    points=0
    set_up
    (cd box && "$@" >/dev/null 2>../said) || {
        not_ok "$name does not work at all: $(cat said)"
        return
    }
    cp box/new wanted
    for call in openat read write fstat mmap fsync fchmod linkat close getrandom lseek; do
        sweep_errors "$call" EIO "$@"
    done
    for call in openat read write fsync; do
        sweep_errors "$call" EINTR "$@"
    done
    sweep_errors openat EOPNOTSUPP "$@" # so that there are no unnamed temporaries
    for call in openat write fsync fchmod linkat close; do
        sweep_signals "$call" KILL "$@"
        sweep_signals "$call" TERM "$@"
    done
    sweep_memory "$@"
    check "$name: faults were injected ($points)" test "$points" -gt 20
}

mkdir inputs
cd inputs || exit 2
seq 1 3000 >old
sed 's/7/seven/' old >new_page
dd if=/dev/urandom of=secret bs=1000 count=9 2>/dev/null
"$CF_TOOLS/cfdelta" encode old new_page -o patch || exit 2
"$CF_TOOLS/cfsplit" --holder a --holder b --holder c -o shares secret >/dev/null || exit 2
sh "$CF_SOURCE/tests/cli/make_pki.sh" pki >/dev/null 2>&1 || exit 2
cd .. || exit 2

faults 'cfdelta encode' cfdelta encode old new_page -o new
faults 'cfdelta decode' cfdelta decode old patch -o new
faults 'cfdelta encode vcdiff' cfdelta encode --format vcdiff old new_page -o new
faults 'cfjoin' cfjoin shares/a.secret.cfs shares/b.secret.cfs shares/secret.cfl -o new
faults 'cfbundle' cfbundle --roots pki/roots.pem --intermediates pki/intermediates.pem \
    pki/leaf.pem -o new
finish
