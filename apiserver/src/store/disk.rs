//! The file: one SQLite database with a row per object. What is in it is opaque here.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, params};

use super::writer::{Row, StorageError};
use crate::options::OpenError;

/// The format of the file.
const FORMAT: i64 = 1;

/// An object as it is on disk.
#[derive(Debug)]
pub struct Loaded {
    /// Resource, as `PLURAL.GROUP`.
    pub resource: String,
    /// Key of the object.
    pub key: String,
    /// Its version.
    pub version: u64,
    /// Its JSON.
    pub json: Bytes,
}

/// The open database.
pub struct Disk {
    connection: Connection,
}

impl Disk {
    /// Opens the file, making it if it is missing, and reads everything.
    ///
    /// # Errors
    /// When it cannot be used; the error names the file.
    pub fn open(file: &Path) -> Result<(Self, Vec<Loaded>, u64), OpenError> {
        // Made here first so that it has the right mode; SQLite gives its side files the same.
        let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file);
        made.map_err(|source| OpenError::Io { path: file.to_owned(), source })?;
        let fail = |error: rusqlite::Error| refused(file, error);
        let connection = Connection::open(file).map_err(fail)?;
        let disk = Self { connection };
        disk.prepare(file)?;
        let loaded = disk.load().map_err(fail)?;
        let reserved = disk.reserved().map_err(fail)?;
        Ok((disk, loaded, reserved))
    }

    fn prepare(&self, file: &Path) -> Result<(), OpenError> {
        let fail = |error: rusqlite::Error| refused(file, error);
        // FULL: a commit is on the disk when it returns. The cache is small because everything is in memory already.
        let pragmas =
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -256; PRAGMA journal_size_limit = 4194304;";
        self.connection.execute_batch(pragmas).map_err(fail)?;
        let found: i64 = self.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fail)?;
        if found > FORMAT {
            return Err(OpenError::Newer { file: file.to_owned(), found, known: FORMAT });
        }
        let checked: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(fail)?;
        if checked != "ok" {
            return Err(OpenError::Corrupt { file: file.to_owned(), source: checked.into() });
        }
        let tables = "BEGIN;
            CREATE TABLE IF NOT EXISTS objects (resource TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, json BLOB NOT NULL,
                PRIMARY KEY (resource, key));
            CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
            PRAGMA user_version = 1;
            COMMIT;";
        self.connection.execute_batch(tables).map_err(fail)
    }

    fn load(&self) -> rusqlite::Result<Vec<Loaded>> {
        let mut select = self.connection.prepare("SELECT resource, key, version, json FROM objects ORDER BY resource, key")?;
        let rows = select.query_map([], |row| {
            let version: i64 = row.get(2)?;
            let json: Vec<u8> = row.get(3)?;
            let json = Bytes::from(json.into_boxed_slice());
            Ok(Loaded { resource: row.get(0)?, key: row.get(1)?, version: u64::try_from(version).unwrap_or_default(), json })
        })?;
        rows.collect()
    }

    /// The highest version that was ever reserved.
    fn reserved(&self) -> rusqlite::Result<u64> {
        let select = "SELECT coalesce(max(value), 0) FROM numbers WHERE name = 'reserved'";
        let value: i64 = self.connection.query_row(select, [], |row| row.get(0))?;
        Ok(u64::try_from(value).unwrap_or_default())
    }

    /// Writes rows, and the reservation, in one transaction that is on disk when this returns.
    ///
    /// # Errors
    /// When it is not; then nothing of it is.
    pub fn write<'a>(&mut self, rows: impl Iterator<Item = &'a Row>, reserve: Option<u64>) -> Result<(), StorageError> {
        self.try_write(rows, reserve)
            .map_err(|error| StorageError { full: error.sqlite_error_code() == Some(ErrorCode::DiskFull), message: error.to_string() })
    }

    fn try_write<'a>(&mut self, rows: impl Iterator<Item = &'a Row>, reserve: Option<u64>) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut put =
                transaction.prepare_cached("INSERT OR REPLACE INTO objects (resource, key, version, json) VALUES (?1, ?2, ?3, ?4)")?;
            let mut remove = transaction.prepare_cached("DELETE FROM objects WHERE resource = ?1 AND key = ?2")?;
            for row in rows {
                match &row.json {
                    Some(json) => put.execute(params![&*row.resource, &*row.key, sql(row.version), &**json])?,
                    None => remove.execute(params![&*row.resource, &*row.key])?,
                };
            }
            if let Some(up_to) = reserve {
                let put = "INSERT OR REPLACE INTO numbers (name, value) VALUES ('reserved', ?1)";
                transaction.execute(put, params![sql(up_to)])?;
            }
        }
        transaction.commit()
    }

    /// Limits the size of the file, so that tests can fill it up.
    #[cfg(test)]
    pub fn limit_pages(&self, pages: i64) {
        let limited: rusqlite::Result<i64> = self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0));
        assert!(limited.is_ok());
    }
}

/// SQLite's integers are signed; versions never come near the end of them.
fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn refused(file: &Path, error: rusqlite::Error) -> OpenError {
    let file: PathBuf = file.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Corrupt { file, source: error.into() },
        _ => OpenError::Database { file, source: error.into() },
    }
}
