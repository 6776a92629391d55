//! Serves a directory: `cargo run --release --example serve -- DIR`.
//!
//! The handler is a [`Directory`] with three others around it, each of which sees what the next inside answers: fields
//! of one's own, CORS (which answers preflights, for they come without a password), and passwords.
//!
//! The last line says on what: put a backend or a timer of your own in the place of `backend` or `timer`, and it runs
//! on that.

mod auth;
mod banner;
mod cors;
mod log;
#[path = "../options/mod.rs"]
mod options;
mod policies;
mod with_headers;

use auth::{Auth, Users};
use banner::Banner;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser};
use cors::{Cors, Origin};
use log::{Form, Journal};
use options::Options;
use policies::Policies;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use switchboard::fileserve::Directory;
use with_headers::{Field, WithHeaders};

/// Serves the files of a directory
///
/// Everything beneath it can be read by whoever reaches the address, and directories without an index.html are listed.
/// Not served, unless asked for: names that begin with a dot (but .well-known is), and symbolic links that lead out or
/// are absolute. Never served: whatever is neither a file nor a directory.
#[derive(Parser)]
#[command(name = "serve", version)]
struct Serve {
    /// The directory to serve
    #[arg(value_name = "DIR", required_unless_present = "list")]
    root: Option<PathBuf>,

    #[command(flatten)]
    options: Options,

    /// How each answer is logged, on stderr
    #[arg(long, value_enum, default_value = "common", value_name = "FORM")]
    log: Form,

    #[command(flatten, next_help_heading = "What is served")]
    policies: Policies,

    #[command(flatten, next_help_heading = "To whom, and with what")]
    terms: Terms,
}

#[derive(Args)]
struct Terms {
    /// Serve only those who know a name and its password; may be given several times, or be a line each in SERVE_AUTH,
    /// which others on this machine cannot see
    #[arg(long, value_name = "USER:PASSWORD", env = "SERVE_AUTH", hide_env_values = true, value_delimiter = '\n')]
    auth: Vec<String>,

    /// Let pages of ORIGIN read the answers (of all origins, if none is named); may be given several times
    #[arg(long, value_name = "ORIGIN", num_args = 0..=1, require_equals = true, default_missing_value = "*")]
    cors: Vec<Origin>,

    /// Set a field on every answer; may be given several times
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<Field>,
}

impl Terms {
    fn users(&self) -> Option<Arc<Users>> {
        let users = Users::new(&self.auth).unwrap_or_else(|reason| {
            let text =
                format!("--auth or SERVE_AUTH: {reason}; each is a name, a colon and a password, as in me:secret");
            Serve::command().error(ErrorKind::ValueValidation, text).exit() // not clap's own, which would show it
        });
        (!self.auth.is_empty()).then(|| Arc::new(users))
    }

    fn words(&self) -> String {
        let mut words = match self.auth.len() {
            0 => "for everybody".to_string(),
            count => format!("for those who know one of {count} passwords"),
        };
        if !self.cors.is_empty() {
            words += "; pages may be of ";
            words += &self.cors.iter().map(Origin::text).collect::<Vec<_>>().join(", ");
        }
        words
    }
}

fn main() -> ExitCode {
    let Serve { root, options, log, policies, terms } = Serve::parse();
    let root = root.unwrap_or_default(); // there is one, unless it only lists
    let users = terms.users();
    options.run(|options, backend, timer| {
        let directory = policies.apply(Directory::new(&root)?);
        let path = root.canonicalize().unwrap_or(root);
        let [names, bytes] = policies.words();
        let where_it_runs = format!("on the backend {}, with the timer {}", options.backend, options.timer);
        let about = vec![format!("serving {}", path.display()), where_it_runs, names, bytes, terms.words()];
        let banner = Banner { about, is_open: users.is_none() };
        let log = Journal { form: log, users: users.clone(), banner };
        let handler = WithHeaders::new(terms.header, Cors::new(terms.cors, Auth::new(users, directory)));
        options.serve(backend, timer, handler, log)
    })
}
