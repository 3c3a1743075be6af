// SPDX-License-Identifier: MIT

// libcfkit from Go, through cgo: patches for pages, and heavy hitters.
package main

/*
#cgo pkg-config: libcfkit
#include <cfkit/cfkit.h>
*/
import "C"

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"
)

// Error has a stable name, such as "wrong-reference", and a message for people.
type Error struct {
	Name, Message string
}

func (e *Error) Error() string { return e.Name + ": " + e.Message }

func check(code C.int, err *C.struct_cfk_error) error {
	if code == C.CFK_OK {
		return nil
	}
	return &Error{C.GoString(C.cfk_error_name(code)), C.GoString(&err.message[0])}
}

func pointer(data []byte) unsafe.Pointer {
	if len(data) == 0 {
		return nil
	}
	return unsafe.Pointer(&data[0])
}

// Reference is an old version, against which patches are made and applied.
type Reference struct{ handle *C.cfk_delta_ref }

func NewReference(old []byte) (*Reference, error) {
	var err C.struct_cfk_error
	r := new(Reference)
	// C may not keep a pointer into Go's memory: a copy.
	options := C.struct_cfk_delta_ref_options{copy: 1}
	options.size = C.size_t(unsafe.Sizeof(options))
	code := C.cfk_delta_ref_new(pointer(old), C.size_t(len(old)), &options, &r.handle, &err)
	if e := check(code, &err); e != nil {
		return nil, e
	}
	runtime.SetFinalizer(r, (*Reference).Close)
	return r, nil
}

func (r *Reference) Close() {
	C.cfk_delta_ref_free(r.handle)
	r.handle = nil
}

func (r *Reference) Encode(page []byte) ([]byte, error) {
	var out unsafe.Pointer
	var size C.size_t
	var err C.struct_cfk_error
	code := C.cfk_delta_encode(r.handle, pointer(page), C.size_t(len(page)), nil, &out, &size, &err)
	defer C.cfk_free(nil, out)
	return C.GoBytes(out, C.int(size)), check(code, &err)
}

func (r *Reference) Decode(patch []byte) ([]byte, error) {
	var out unsafe.Pointer
	var size C.size_t
	var err C.struct_cfk_error
	code := C.cfk_delta_decode(r.handle, pointer(patch), C.size_t(len(patch)), nil, &out, &size, &err)
	defer C.cfk_free(nil, out)
	return C.GoBytes(out, C.int(size)), check(code, &err)
}

// Top is the most frequent of any number of keys, in constant memory.
type Top struct{ handle *C.cfk_topk }

// Item was added at least Lo and at most Hi times.
type Item struct {
	Key    string
	Lo, Hi uint64
}

func NewTop() (*Top, error) {
	var err C.struct_cfk_error
	t := new(Top)
	if e := check(C.cfk_topk_new(nil, &t.handle, &err), &err); e != nil {
		return nil, e
	}
	runtime.SetFinalizer(t, (*Top).Close)
	return t, nil
}

func (t *Top) Close() {
	C.cfk_topk_free(t.handle)
	t.handle = nil
}

func (t *Top) Add(key []byte, weight uint64) error {
	var err C.struct_cfk_error
	return check(C.cfk_topk_add(t.handle, pointer(key), C.size_t(len(key)), C.uint64_t(weight), &err), &err)
}

func (t *Top) List(most int) []Item {
	items := make([]C.struct_cfk_topk_item, most)
	count := C.cfk_topk_list(t.handle, C.CFK_TOPK_BY_HI, &items[0], C.size_t(most))
	list := make([]Item, 0, count)
	for _, item := range items[:count] {
		key := C.GoStringN((*C.char)(item.key), C.int(item.key_len))
		list = append(list, Item{key, uint64(item.lo), uint64(item.hi)})
	}
	return list
}

func page(price int) []byte {
	var b bytes.Buffer
	for i := 0; i < 200; i++ {
		cents := i * 7919 % 1000
		if i == 42 {
			cents = price
		}
		fmt.Fprintf(&b, "<li>Article %d costs %d cents</li>\n", i, cents)
	}
	return b.Bytes()
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	fmt.Println("libcfkit", C.GoString(C.cfk_version()))
	reference := must(NewReference(page(500)))
	defer reference.Close()
	other := must(NewReference([]byte("something else")))
	defer other.Close()
	patch := must(reference.Encode(page(499)))
	if !bytes.Equal(must(reference.Decode(patch)), page(499)) {
		panic("another page")
	}
	fmt.Printf("a patch of %d bytes for a page of %d\n", len(patch), len(page(499)))
	if _, err := other.Decode(patch); err != nil {
		fmt.Println(err)
	}
	top := must(NewTop())
	defer top.Close()
	for _, word := range strings.Fields("to be or not to be that is to be") {
		must(0, top.Add([]byte(word), 1))
	}
	for _, item := range top.List(2) {
		fmt.Println(item.Key, item.Lo, item.Hi)
	}
}
