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

# What the tool reads from descriptor 7, and what says whether box/new is whole.
words=/dev/null
is_whole='cmp -s box/new wanted'

# What may be in box: the inputs, and the output "new" whole or not at all.
inspect() {
    label=$1
    status=$2
    if [ -n "$judge_it" ]; then
        $judge_it
    elif [ -e box/new ]; then
        $is_whole || not_ok "$label: exit $status, the output is not whole"
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

# Whether the tool, or any program at all, ends like this before it does a thing.
is_the_loader() {
    for program in true "$1"; do
        strace -f -qq -o trace -e trace="$call" -e inject="$call:error=$errno:when=$n" \
            "$program" --version >/dev/null 2>&1
        [ $? -ne "$status" ] || return 0
    done
    return 1
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
            -e inject="$call:error=$errno:when=$n" "$@" >/dev/null 2>../said 7<"$words")
        status=$?
        grep -q INJECTED trace || break
        inspect "$name: $call $errno, $n" "$status"
        [ "$status" -le 2 ] || [ "$status" -eq 127 ] || is_the_loader "$1" ||
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
            -e inject="$call:signal=$signal:when=$n" "$@" >/dev/null 2>../said 7<"$words")
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
            MALLOC_FAULT_SEEN=$work/seen exec "$@" >/dev/null 2>../said 7<"$words")
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
    (cd box && "$@" >/dev/null 2>../said 7<"$words") || {
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

# opens FILE [WHO]: alice and bob, or who is named, open it to the secret.
opens() {
    who=${2:-bob}
    (cd box && cfjoin -q "$1" --identity alice.cfkey --identity "$who.cfkey" --pass-fd 7 \
        2>/dev/null 7<"words.$who") | cmp -s - inputs/secret
}

# Wherever a change of a lock ends, it opens, as before for bob or as after for carol.
judge_it=
judge_lock() {
    if opens lock.cfl carol; then
        ok
    elif opens lock.cfl bob; then
        [ "$status" -ne 0 ] || not_ok "$label: exit 0 without a change"
    else
        not_ok "$label: exit $status, the lock is lost"
    fi
    cp inputs/lock.cfl box/lock.cfl # the rest must be as it was
    # A new file has a name of its own for a moment before it takes the place of another.
    [ "$status" -ne 137 ] || rm -f box/.lock.cfl.*.tmp
}

# lock_faults NAME COMMAND...: it changes lock.cfl by write calls of the kinds in $writes.
lock_faults() {
    name=$1
    shift
    command=$name
    points=0
    set_up
    (cd box && "$@" >/dev/null 2>../said 7<"$words") || {
        not_ok "$name does not work at all: $(cat said)"
        return
    }
    judge_it=judge_lock
    for call in openat read flock getrandom $writes; do
        sweep_errors "$call" EIO "$@"
    done
    for call in $writes; do
        sweep_errors "$call" ENOSPC "$@"
        sweep_errors "$call" EINTR "$@"
        sweep_signals "$call" KILL "$@"
        sweep_signals "$call" TERM "$@"
    done
    sweep_memory "$@"
    judge_it=
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
for name in alice bob carol; do
    echo "words of $name" | "$CF_TOOLS/cflock" key new --memory 8K --passes 1 --pass-fd 0 \
        $name.cfkey >$name.pub || exit 2
    echo "$name: $(cat $name.pub)" >>people.yaml
    printf 'words of alice\nwords of %s\n' "$name" >words.$name
done
"$CF_TOOLS/cfsplit" --policy 'alice and bob' --people people.yaml secret -o lock.cfl || exit 2
cd .. || exit 2

faults 'cfdelta encode' cfdelta encode old new_page -o new
faults 'cfdelta decode' cfdelta decode old patch -o new
faults 'cfdelta encode vcdiff' cfdelta encode --format vcdiff old new_page -o new
faults 'cfjoin' cfjoin shares/a.secret.cfs shares/b.secret.cfs shares/secret.cfl -o new
words=$work/inputs/words.bob
faults 'cfjoin by people' cfjoin lock.cfl --identity alice.cfkey --identity bob.cfkey --pass-fd 7 -o new
is_whole='opens new'
faults 'cfsplit --policy' cfsplit --policy 'alice and bob' --people people.yaml secret -o new
is_whole='cmp -s box/new wanted'
faults 'cfbundle' cfbundle --roots pki/roots.pem --intermediates pki/intermediates.pem \
    pki/leaf.pem -o new

writes='pwrite64 fsync'
lock_faults 'cflock add' cflock add lock.cfl carol --people people.yaml \
    --identity alice.cfkey --identity bob.cfkey --pass-fd 7
writes='write fsync fchmod linkat rename close'
lock_faults 'cflock rekey' cflock rekey lock.cfl carol --policy 'alice and carol' \
    --people people.yaml --identity alice.cfkey --identity bob.cfkey --pass-fd 7
finish
