//! Objects at rest: JSON, compressed against a few objects of the same kind. Objects that one controller made differ in names,
//! uids and times, so that of 3 KB some 200 bytes remain.
//!
//! It must not know what an object is beyond that it can be written as JSON.

use std::cell::RefCell;
use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::zstd_safe::{self, CCtx, CDict, DCtx, DDict};

/// zstd's fastest level that searches a dictionary well: 5 µs for an object, 20 times smaller. Level 3 takes twice the time for a
/// tenth less.
const LEVEL: i32 = 1;
/// Larger objects are not expected back: a kube API server takes 3 MiB at most, and stores of objects 1.5 MiB.
const OBJECT_BYTES_MAX: usize = 16 << 20;

/// What one thread needs to compress and decompress: tables of some 100 KB, made once.
struct Tools {
    compress: CCtx<'static>,
    decompress: DCtx<'static>,
    plain: Vec<u8>,
    packed: Vec<u8>,
}

thread_local! {
    static TOOLS: RefCell<Tools> = RefCell::new(Tools {
        compress: CCtx::create(),
        decompress: DCtx::create(),
        plain: Vec::new(),
        packed: Vec::new(),
    });
}

/// Packs and unpacks the objects of one kind.
pub struct Packer {
    compress: CDict<'static>,
    decompress: DDict<'static>,
}

impl Packer {
    /// A packer for objects like `samples`.
    ///
    /// # Errors
    /// When a sample cannot be written as JSON.
    pub fn new<'a, K: Serialize + 'a>(samples: impl Iterator<Item = &'a K>) -> io::Result<Self> {
        let mut dictionary = Vec::new();
        for sample in samples {
            serde_json::to_writer(&mut dictionary, sample)?;
        }
        Ok(Self { compress: zstd_safe::create_cdict(&dictionary, LEVEL), decompress: zstd_safe::create_ddict(&dictionary) })
    }

    /// An object at rest.
    ///
    /// # Errors
    /// When the object cannot be written as JSON.
    pub fn pack<K: Serialize>(&self, object: &K) -> io::Result<Box<[u8]>> {
        TOOLS.with_borrow_mut(|tools| {
            tools.plain.clear();
            serde_json::to_writer(&mut tools.plain, object)?;
            tools.packed.clear();
            tools.packed.reserve(zstd_safe::compress_bound(tools.plain.len()));
            tools.compress.compress_using_cdict(&mut tools.packed, &tools.plain, &self.compress).map_err(error)?;
            Ok(tools.packed.as_slice().into())
        })
    }

    /// The object that was packed.
    ///
    /// # Errors
    /// When these are not bytes that this packer made of an object of this kind.
    pub fn unpack<K: DeserializeOwned>(&self, packed: &[u8]) -> io::Result<K> {
        let size = zstd_safe::get_frame_content_size(packed).ok().flatten().and_then(|size| usize::try_from(size).ok());
        let size = size.filter(|size| *size <= OBJECT_BYTES_MAX).ok_or(io::ErrorKind::InvalidData)?;
        TOOLS.with_borrow_mut(|tools| {
            tools.plain.clear();
            tools.plain.reserve(size);
            tools.decompress.decompress_using_ddict(&mut tools.plain, packed, &self.decompress).map_err(error)?;
            Ok(serde_json::from_slice(&tools.plain)?)
        })
    }
}

fn error(code: usize) -> io::Error {
    io::Error::other(zstd_safe::get_error_name(code))
}
