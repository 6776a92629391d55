//! A timer structure chosen by its name at run time, for command lines and configuration.

use crate::{Heap, Timer, Wheel};
use std::{error::Error, fmt};

/// The names [`by_name`] knows, the usual choice first.
pub const NAMES: &[&str] = &["wheel", "heap"];

/// The timer structure called `name`.
///
/// # Errors
///
/// [`UnknownTimer`], whose text lists the names there are.
///
/// ```
/// use switchboard_timer::{Timer, by_name};
///
/// let mut timer = by_name("wheel").unwrap();
/// timer.insert(10, "tick");
///
/// let error = by_name::<&str>("sundial").err().unwrap();
/// assert_eq!(error.to_string(), r#"unknown timer "sundial"; this build has: wheel, heap"#);
/// ```
pub fn by_name<T: Send + 'static>(name: &str) -> Result<Box<dyn Timer<T> + Send>, UnknownTimer> {
    match name {
        "wheel" => Ok(Box::new(Wheel::new())),
        "heap" => Ok(Box::new(Heap::new())),
        _ => Err(UnknownTimer(name.into())),
    }
}

/// No timer structure has this name.
#[derive(Debug, Clone)]
pub struct UnknownTimer(String);

impl fmt::Display for UnknownTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown timer {:?}; this build has: {}", self.0, NAMES.join(", "))
    }
}

impl Error for UnknownTimer {}
