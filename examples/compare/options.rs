//! The command line.

use crate::scenario::Scenario;
use crate::service::Setup;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Runs one handler on every backend under loads that tell them apart, and explains what came out
///
/// A full run takes some 25 minutes, --quick a minute and a half. The load stays on this machine. Ctrl-C ends
/// measuring; what has been measured by then is reported.
#[derive(Debug, Parser)]
#[command(name = "compare", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Compare {
    #[command(subcommand)]
    pub(crate) order: Option<Order>,

    /// A minute and a half: S1, S2 with 64 connections, S4 with 5,000 and S6, in three short rounds
    #[arg(long)]
    pub(crate) quick: bool,

    /// The backends to compare, as in threads,pool:8,smol [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub(crate) backends: Vec<String>,

    /// The scenarios to measure, as in S1,S4 [default: all, or those of --quick]
    #[arg(long, value_delimiter = ',', value_name = "S1,...")]
    pub(crate) scenarios: Vec<Scenario>,

    /// Where the reports go [default: a new folder in target/compare]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// A report.json of before, to be shown side by side
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// How often everything is measured [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: Option<u32>,

    /// How long each sample is measured [default: 1 second, mostly]
    #[arg(long, value_name = "MILLIS", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    pub(crate) span: Option<u64>,

    /// How many cores the server has; the load gets the others [default: half of them]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) server_cores: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Order {
    /// Draws the reports again from a report.json, without measuring
    Render(Render),
    /// Is a server: what compare starts for each sample
    #[command(hide = true)]
    Service(Setup),
}

#[derive(Debug, Args)]
pub(crate) struct Render {
    /// The report.json
    pub(crate) file: PathBuf,

    /// Another one of before, to be shown side by side
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// Where the reports go [default: beside the file]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl Compare {
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        let mut scenarios = match (self.scenarios.as_slice(), self.quick) {
            ([], true) => Scenario::QUICK.to_vec(),
            ([], false) => Scenario::ALL.to_vec(),
            (some, _) => some.to_vec(),
        };
        scenarios.sort();
        scenarios.dedup();
        scenarios
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 })
    }

    /// The options that decide how often and for how long each case is measured.
    pub(crate) fn method(&self) -> String {
        let quick = self.quick.then(|| "--quick".to_string());
        let span = self.span.map(|span| format!("--span {span}"));
        let options: Vec<String> =
            quick.into_iter().chain([format!("--rounds {}", self.rounds())]).chain(span).collect();
        options.join(" ")
    }

    pub(crate) fn span(&self) -> Option<Duration> {
        self.span.map(Duration::from_millis)
    }
}
