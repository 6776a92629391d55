//! What a figure was measured on. Without it nobody can say what the figure means.

use serde::{Deserialize, Serialize};
use std::fs;
use std::process::Command;

/// The machine and the compiler, as texts for a report. A text is empty where the system does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// The operating system, its version and architecture: "linux 6.18.0 x86_64".
    pub os: String,
    /// The processor, by its maker's name.
    pub cpu: String,
    /// How many threads can run at once.
    pub cores: String,
    /// How much memory there is: "7.8 GiB".
    pub memory: String,
    /// The compiler: "rustc 1.95.0 (...)".
    pub rustc: String,
    /// How many threads wanted to run in the last 1, 5 and 15 minutes, on average: "0.52 0.58 0.59". Above the
    /// number of cores, somebody else was at work while you measured, or you were.
    pub load_average: String,
}

impl Environment {
    /// That of this process, now.
    pub fn here() -> Self {
        let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
        let release = read("/proc/sys/kernel/osrelease");
        let cores = std::thread::available_parallelism().map(|cores| cores.to_string());
        Self {
            os: [os, release.trim(), architecture]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
            cpu: field(&read("/proc/cpuinfo"), "model name"),
            cores: cores.unwrap_or_default(),
            memory: gibibytes(&field(&read("/proc/meminfo"), "MemTotal")),
            rustc: compiler(),
            load_average: read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" "),
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The value of the first line `name : value`.
fn field(text: &str, name: &str) -> String {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.trim() == name).map_or("", |(_, value)| value.trim()).to_string()
}

/// What the kernel tells in kB, in a unit that people read.
fn gibibytes(kilobytes: &str) -> String {
    let number = kilobytes.strip_suffix(" kB").and_then(|number| number.parse::<f64>().ok());
    number.map_or(String::new(), |number| format!("{:.1} GiB", number / f64::from(1 << 20)))
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_system_tells() {
        let here = Environment::here();
        assert!(here.os.starts_with(std::env::consts::OS) && here.os.ends_with(std::env::consts::ARCH), "{here:?}");
        let is_linux = cfg!(target_os = "linux");
        assert!(!is_linux || (here.memory.ends_with(" GiB") && here.load_average.contains('.')), "{here:?}");
    }

    #[test]
    fn fields_are_found_by_their_names() {
        let text = "processor\t: 0\nmodel name\t: A good one\nMemTotal:        8388608 kB\n";
        assert_eq!(field(text, "model name"), "A good one");
        assert_eq!(gibibytes(&field(text, "MemTotal")), "8.0 GiB");
        assert_eq!(gibibytes(&field(text, "MemFree")), "");
    }
}
