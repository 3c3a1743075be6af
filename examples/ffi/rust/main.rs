// SPDX-License-Identifier: MIT
//! libcfkit from Rust, through extern "C": patches for pages, and heavy hitters.
use std::ffi::{c_char, c_int, c_void, CStr};
use std::{fmt, mem, ptr, slice};

mod sys {
    use super::*;

    #[repr(C)]
    pub struct Error {
        pub code: i32,
        pub sys_errno: i32,
        pub offset: u64,
        pub reserved: [u64; 2],
        pub message: [c_char; 224],
    }

    #[repr(C)]
    pub struct DeltaRefOptions {
        pub size: usize,
        pub alloc: *const c_void,
        pub copy: u32,
        pub reserved: u32,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct TopItem {
        pub key: *const u8,
        pub key_len: usize,
        pub lo: u64,
        pub hi: u64,
        pub estimate: u64,
        pub reserved: u64,
        pub rate: [f64; 3],
    }

    pub enum DeltaRef {}
    pub enum Topk {}

    #[link(name = "cfkit")]
    extern "C" {
        pub fn cfk_version() -> *const c_char;
        pub fn cfk_error_name(code: c_int) -> *const c_char;
        pub fn cfk_free(alloc: *const c_void, block: *mut c_void);
        pub fn cfk_delta_ref_new(data: *const u8, size: usize, opts: *const DeltaRefOptions,
            out: *mut *mut DeltaRef, err: *mut Error) -> c_int;
        pub fn cfk_delta_ref_free(r: *mut DeltaRef);
        pub fn cfk_delta_encode(r: *const DeltaRef, data: *const u8, size: usize,
            opts: *const c_void, out: *mut *mut c_void, out_size: *mut usize,
            err: *mut Error) -> c_int;
        pub fn cfk_delta_decode(r: *const DeltaRef, data: *const u8, size: usize,
            opts: *const c_void, out: *mut *mut c_void, out_size: *mut usize,
            err: *mut Error) -> c_int;
        pub fn cfk_topk_new(opts: *const c_void, out: *mut *mut Topk, err: *mut Error) -> c_int;
        pub fn cfk_topk_free(t: *mut Topk);
        pub fn cfk_topk_add(t: *mut Topk, key: *const u8, len: usize, weight: u64,
            err: *mut Error) -> c_int;
        pub fn cfk_topk_list(t: *const Topk, order: c_int, items: *mut TopItem,
            max: usize) -> usize;
    }
}

fn text(s: *const c_char) -> String {
    unsafe { CStr::from_ptr(s) }.to_string_lossy().into_owned()
}

/// name is stable, such as "wrong-reference"; message is for people.
#[derive(Debug)]
pub struct Error {
    pub name: String,
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

fn call(function: impl FnOnce(*mut sys::Error) -> c_int) -> Result<(), Error> {
    let mut err: sys::Error = unsafe { mem::zeroed() };
    match function(&mut err) {
        0 => Ok(()),
        code => Err(Error {
            name: text(unsafe { sys::cfk_error_name(code) }),
            message: text(err.message.as_ptr()),
        }),
    }
}

/// An old version, against which patches are made and applied.
pub struct Reference(*mut sys::DeltaRef);

unsafe impl Send for Reference {}
unsafe impl Sync for Reference {} // any number of threads may use one at a time

impl Reference {
    pub fn new(old: &[u8]) -> Result<Self, Error> {
        let mut handle = ptr::null_mut();
        let options = sys::DeltaRefOptions {
            size: mem::size_of::<sys::DeltaRefOptions>(),
            alloc: ptr::null(),
            copy: 1, // 0 would need a lifetime: the reference would borrow old
            reserved: 0,
        };
        call(|e| unsafe {
            sys::cfk_delta_ref_new(old.as_ptr(), old.len(), &options, &mut handle, e)
        })?;
        Ok(Reference(handle))
    }

    fn copy(out: *mut c_void, size: usize) -> Vec<u8> {
        let copy = match size {
            0 => Vec::new(),
            _ => unsafe { slice::from_raw_parts(out as *const u8, size) }.to_vec(),
        };
        unsafe { sys::cfk_free(ptr::null(), out) };
        copy
    }

    pub fn encode(&self, new: &[u8]) -> Result<Vec<u8>, Error> {
        let (mut out, mut size) = (ptr::null_mut(), 0);
        call(|e| unsafe {
            sys::cfk_delta_encode(self.0, new.as_ptr(), new.len(), ptr::null(), &mut out,
                &mut size, e)
        })?;
        Ok(Self::copy(out, size))
    }

    pub fn decode(&self, patch: &[u8]) -> Result<Vec<u8>, Error> {
        let (mut out, mut size) = (ptr::null_mut(), 0);
        call(|e| unsafe {
            sys::cfk_delta_decode(self.0, patch.as_ptr(), patch.len(), ptr::null(), &mut out,
                &mut size, e)
        })?;
        Ok(Self::copy(out, size))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        unsafe { sys::cfk_delta_ref_free(self.0) }
    }
}

/// The most frequent of any number of keys, in constant memory.
pub struct Top(*mut sys::Topk);

impl Top {
    pub fn new() -> Result<Self, Error> {
        let mut handle = ptr::null_mut();
        call(|e| unsafe { sys::cfk_topk_new(ptr::null(), &mut handle, e) })?;
        Ok(Top(handle))
    }

    pub fn add(&mut self, key: &[u8], weight: u64) -> Result<(), Error> {
        call(|e| unsafe { sys::cfk_topk_add(self.0, key.as_ptr(), key.len(), weight, e) })
    }

    /// (key, lo, hi), heaviest first; lo <= what was added <= hi.
    pub fn list(&self, most: usize) -> Vec<(Vec<u8>, u64, u64)> {
        let mut items: Vec<sys::TopItem> = vec![unsafe { mem::zeroed() }; most];
        let count = unsafe { sys::cfk_topk_list(self.0, 0, items.as_mut_ptr(), most) };
        items[..count]
            .iter()
            .map(|i| {
                let key = match i.key_len {
                    0 => Vec::new(),
                    len => unsafe { slice::from_raw_parts(i.key, len) }.to_vec(),
                };
                (key, i.lo, i.hi)
            })
            .collect()
    }
}

impl Drop for Top {
    fn drop(&mut self) {
        unsafe { sys::cfk_topk_free(self.0) }
    }
}

fn page(price: usize) -> Vec<u8> {
    (0..200)
        .map(|i| {
            let cents = if i == 42 { price } else { i * 7919 % 1000 };
            format!("<li>Article {} costs {} cents</li>\n", i, cents)
        })
        .collect::<String>()
        .into_bytes()
}

fn main() -> Result<(), Error> {
    println!("libcfkit {}", text(unsafe { sys::cfk_version() }));
    let new = page(499);
    let reference = Reference::new(&page(500))?;
    let patch = reference.encode(&new)?;
    assert!(reference.decode(&patch)? == new);
    println!("a patch of {} bytes for a page of {}", patch.len(), new.len());
    if let Err(error) = Reference::new(b"something else")?.decode(&patch) {
        println!("{}", error);
    }
    let mut top = Top::new()?;
    for word in "to be or not to be that is to be".split(' ') {
        top.add(word.as_bytes(), 1)?;
    }
    for (key, low, high) in top.list(2) {
        println!("{} {} {}", String::from_utf8_lossy(&key), low, high);
    }
    Ok(())
}
