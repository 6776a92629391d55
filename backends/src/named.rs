//! A backend chosen by its name at run time, for command lines and configuration.
//!
//! ```text
//!   threads     pool:8     workqueue:max=64,managed=2,idle=10
//!   name        name : the main knob        name : knob = number , ...
//! ```
//!
//! A knob that is set twice has the last number.
//!
//! A backend gets here by one line in [`LIST`]; all else is in its own file.

use crate::LIST;
use std::error::Error;
use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use switchboard_core::{Acceptor, Backend, Connection, Offload, Rejected};

/// A backend that can be asked for by its name.
pub struct Listed {
    /// Its name.
    pub name: &'static str,
    /// When to use it, in a line.
    pub advice: &'static str,
    /// What can be set. The first one's name may be left out if [`has_main`](Listed::has_main).
    pub knobs: &'static [Knob],
    /// Whether a number alone is for the first knob.
    pub has_main: bool,
    pub(crate) make: fn(&Values) -> io::Result<Box<dyn Backend>>,
}

/// Something that can be set, to a whole number.
#[derive(Debug)]
pub struct Knob {
    /// Its name.
    pub name: &'static str,
    /// What it is, in which unit, and what it is by default.
    pub about: &'static str,
    /// The numbers it takes.
    pub range: RangeInclusive<u64>,
}

impl Knob {
    /// The size of stacks.
    pub(crate) const STACK: Self = Self { name: "stack", about: "KiB of stack for each [256]", range: 16..=1_048_576 };
}

/// What the knobs are set to.
pub(crate) struct Values(Vec<(&'static str, u64)>);

impl Values {
    pub(crate) fn get(&self, name: &str) -> Option<u64> {
        self.0.iter().rev().find(|(knob, _)| *knob == name).map(|&(_, value)| value)
    }

    pub(crate) fn usize(&self, name: &str) -> Option<usize> {
        self.get(name).map(|value| usize::try_from(value).unwrap_or(usize::MAX))
    }

    pub(crate) fn seconds(&self, name: &str) -> Option<Duration> {
        self.get(name).map(Duration::from_secs)
    }

    /// In bytes.
    pub(crate) fn stack_size(&self) -> Option<usize> {
        self.usize(Knob::STACK.name).map(|kib| kib << 10)
    }
}

impl Listed {
    /// Reads what stands behind the name and a colon.
    fn values(&'static self, text: &str) -> Result<Values, NoBackend> {
        let mut values = Vec::new();
        for setting in text.split(',').filter(|setting| !setting.is_empty()) {
            let (name, number) = match setting.split_once('=') {
                Some((name, number)) => (name, number),
                None if self.has_main && !self.knobs.iter().any(|knob| knob.name == setting) => {
                    (self.knobs[0].name, setting)
                }
                None => (setting, ""),
            };
            let knob = self.knobs.iter().find(|knob| knob.name == name);
            let knob = knob.ok_or_else(|| NoBackend::UnknownKnob { backend: self, knob: name.into() })?;
            let value = number.parse().ok().filter(|number| knob.range.contains(number));
            let value = value.ok_or_else(|| NoBackend::BadValue { backend: self, knob, value: number.into() })?;
            values.push((knob.name, value));
        }
        Ok(Values(values))
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").field("name", &self.name).field("knobs", &self.knobs).finish_non_exhaustive()
    }
}

/// Its name, its advice, and its knobs, as lines for people.
impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10} {}", self.name, self.advice)?;
        for knob in self.knobs {
            write!(f, "\n{:<10}   {}: {}", "", knob.name, knob.about)?;
        }
        Ok(())
    }
}

/// A backend behind a name.
///
/// ```
/// use switchboard::AnyBackend;
///
/// let backend: AnyBackend = "workqueue:max=64,idle=10".parse().unwrap();
///
/// let error = "tokyo".parse::<AnyBackend>().unwrap_err();
/// assert!(error.to_string().starts_with(r#"unknown backend "tokyo"; this build has: threads, workqueue"#));
/// for backend in AnyBackend::LIST {
///     println!("{backend}");
/// }
/// ```
pub struct AnyBackend {
    name: &'static str,
    backend: Box<dyn Backend>,
}

impl AnyBackend {
    /// Those that this build has.
    pub const LIST: &'static [Listed] = LIST;

    /// Their names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        LIST.iter().map(|listed| listed.name)
    }
}

/// Makes a backend, whose threads start with it.
impl FromStr for AnyBackend {
    type Err = NoBackend;

    fn from_str(text: &str) -> Result<Self, NoBackend> {
        let (name, settings) = text.split_once(':').unwrap_or((text, ""));
        let listed = LIST.iter().find(|listed| listed.name == name);
        let listed = listed.ok_or_else(|| NoBackend::UnknownName(name.into()))?;
        match (listed.make)(&listed.values(settings)?) {
            Ok(backend) => Ok(Self { name: listed.name, backend }),
            Err(error) => Err(NoBackend::NotMade { backend: listed, error }),
        }
    }
}

impl fmt::Debug for AnyBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyBackend").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Backend for AnyBackend {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        self.backend.dispatch(connection)
    }

    fn accept(&self, acceptor: Acceptor) -> io::Result<()> {
        self.backend.accept(acceptor)
    }

    fn capacity(&self) -> usize {
        self.backend.capacity()
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        self.backend.offload()
    }

    fn stop(&self, stuck: usize) {
        self.backend.stop(stuck);
    }
}

/// Why there is no such backend.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoBackend {
    /// This build has none of this name.
    UnknownName(String),
    /// It has nothing of this name that could be set.
    #[non_exhaustive]
    UnknownKnob {
        /// The backend.
        backend: &'static Listed,
        /// What was asked for.
        knob: String,
    },
    /// The knob cannot be set to this.
    #[non_exhaustive]
    BadValue {
        /// The backend.
        backend: &'static Listed,
        /// The knob.
        knob: &'static Knob,
        /// What was asked for.
        value: String,
    },
    /// It could not be made, for want of threads say.
    #[non_exhaustive]
    NotMade {
        /// The backend.
        backend: &'static Listed,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for NoBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName(name) => {
                let names: Vec<_> = AnyBackend::names().collect();
                write!(f, "unknown backend {name:?}; this build has: {}", names.join(", "))
            }
            Self::UnknownKnob { backend, knob } => {
                let names: Vec<_> = backend.knobs.iter().map(|knob| knob.name).collect();
                write!(f, "the backend {} has no knob {knob:?}; it has: {}", backend.name, names.join(", "))
            }
            Self::BadValue { backend, knob, value } => {
                let (least, most) = (knob.range.start(), knob.range.end());
                write!(f, "{} of the backend {} cannot be {value:?}; ", knob.name, backend.name)?;
                write!(f, "it is a number from {least} to {most}: {}", knob.about)
            }
            Self::NotMade { backend, error } => write!(f, "cannot make the backend {}: {error}", backend.name),
        }
    }
}

impl Error for NoBackend {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotMade { error, .. } => Some(error),
            _ => None,
        }
    }
}
