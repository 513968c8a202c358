//! Objects at rest: JSON, compressed against a few objects of the same kind. Objects that one controller made differ in names,
//! uids and times, so that of 3 KB some 200 bytes remain.
//!
//! It must not know what an object is beyond that it can be written as JSON. Who keeps what packed is for the keeper to say.

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
    /// A packer for texts like the one given, which may be several, one after another.
    pub fn new(dictionary: &[u8]) -> Self {
        Self { compress: zstd_safe::create_cdict(dictionary, LEVEL), decompress: zstd_safe::create_ddict(dictionary) }
    }

    /// A packer for objects like `samples`.
    ///
    /// # Errors
    /// When a sample cannot be written as JSON.
    pub fn like<'a, K: Serialize + 'a>(samples: impl Iterator<Item = &'a K>) -> io::Result<Self> {
        let mut dictionary = Vec::new();
        for sample in samples {
            serde_json::to_writer(&mut dictionary, sample)?;
        }
        Ok(Self::new(&dictionary))
    }

    /// A text at rest.
    ///
    /// # Errors
    /// When memory is short.
    pub fn pack(&self, plain: &[u8]) -> io::Result<Box<[u8]>> {
        TOOLS.with_borrow_mut(|tools| tools.pack(self, plain))
    }

    /// The text that was packed.
    ///
    /// # Errors
    /// When these are not bytes that this packer made.
    pub fn unpack(&self, packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::with_capacity(plain_size(packed)?);
        TOOLS.with_borrow_mut(|tools| tools.decompress.decompress_using_ddict(&mut plain, packed, &self.decompress)).map_err(error)?;
        Ok(plain)
    }

    /// An object at rest.
    ///
    /// # Errors
    /// When the object cannot be written as JSON.
    pub fn pack_object<K: Serialize>(&self, object: &K) -> io::Result<Box<[u8]>> {
        TOOLS.with_borrow_mut(|tools| {
            let mut plain = std::mem::take(&mut tools.plain);
            plain.clear();
            let written = serde_json::to_writer(&mut plain, object);
            let packed = written.map_err(io::Error::from).and_then(|()| tools.pack(self, &plain));
            tools.plain = plain;
            packed
        })
    }

    /// The object that was packed.
    ///
    /// # Errors
    /// When these are not bytes that this packer made of an object of this kind.
    pub fn unpack_object<K: DeserializeOwned>(&self, packed: &[u8]) -> io::Result<K> {
        let size = plain_size(packed)?;
        TOOLS.with_borrow_mut(|tools| {
            tools.plain.clear();
            tools.plain.reserve(size);
            tools.decompress.decompress_using_ddict(&mut tools.plain, packed, &self.decompress).map_err(error)?;
            Ok(serde_json::from_slice(&tools.plain)?)
        })
    }
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").finish_non_exhaustive()
    }
}

impl Tools {
    fn pack(&mut self, packer: &Packer, plain: &[u8]) -> io::Result<Box<[u8]>> {
        self.packed.clear();
        self.packed.reserve(zstd_safe::compress_bound(plain.len()));
        self.compress.compress_using_cdict(&mut self.packed, plain, &packer.compress).map_err(error)?;
        Ok(self.packed.as_slice().into())
    }
}

fn plain_size(packed: &[u8]) -> io::Result<usize> {
    let size = zstd_safe::get_frame_content_size(packed).ok().flatten().and_then(|size| usize::try_from(size).ok());
    size.filter(|size| *size <= OBJECT_BYTES_MAX).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn error(code: usize) -> io::Error {
    io::Error::other(zstd_safe::get_error_name(code))
}

#[cfg(test)]
mod tests;
