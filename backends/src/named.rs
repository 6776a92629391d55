//! A backend chosen by its name at run time, for command lines and configuration.

use crate::Threads;
use std::error::Error;
use std::fmt;
use std::io;
use std::str::FromStr;
use switchboard_core::{Acceptor, Backend, Connection, Rejected};

/// A backend behind a name.
///
/// ```
/// use switchboard::AnyBackend;
///
/// let backend: AnyBackend = "threads".parse().unwrap();
///
/// let error = "tokyo".parse::<AnyBackend>().unwrap_err();
/// assert_eq!(error.to_string(), r#"unknown backend "tokyo"; this build has: threads"#);
/// ```
pub struct AnyBackend(Box<dyn Backend>);

impl AnyBackend {
    /// The names that this build knows.
    pub const NAMES: &'static [&'static str] = &["threads"];
}

impl FromStr for AnyBackend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        match name {
            "threads" => Ok(Self(Box::new(Threads::new()))),
            _ => Err(UnknownBackend(name.into())),
        }
    }
}

impl fmt::Debug for AnyBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyBackend")
    }
}

impl Backend for AnyBackend {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        self.0.dispatch(connection)
    }

    fn accept(&self, acceptor: Acceptor) -> io::Result<()> {
        self.0.accept(acceptor)
    }

    fn stop(&self, stuck: usize) {
        self.0.stop(stuck);
    }
}

/// No backend of this build has this name.
#[derive(Debug, Clone)]
pub struct UnknownBackend(String);

impl fmt::Display for UnknownBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown backend {:?}; this build has: {}", self.0, AnyBackend::NAMES.join(", "))
    }
}

impl Error for UnknownBackend {}
