//! How to read the rest: what a range is, when a difference is claimed, what these numbers cannot say; and where
//! they come from.

use super::markup::{Prose, Text};
use super::opening::date;
use crate::measure::Unit;
use crate::model::{Environment, Run};
use crate::standing::{FEWEST, GENERATOR_BOUND};
use crate::words;

pub(super) fn html(run: &Run) -> String {
    format!(
        "<section id=\"reading\">\n<h2>How to read it</h2>\n<div class=\"columns\">\n<div>\n{}</div>\n<div>\n\
         <h3>The environment</h3>\n{}</div>\n</div>\n</section>\n",
        words(),
        environment(run)
    )
}

fn words() -> String {
    let paragraphs = [
        (
            "Medians and ranges",
            "Each number is the median of several samples, a second or two each, taken in rounds: every backend has \
             its turn before any has another. The thin line through a bar or a point is the range from the lowest \
             sample to the highest."
                .to_string(),
        ),
        (
            "When a difference is claimed",
            "A backend is clearly better than another if their ranges do not overlap and their medians are at least \
             10 % apart. Anything less is no clear difference. A rank is one more than the number of backends that \
             are clearly better."
                .into(),
        ),
        (
            "What is not ranked",
            format!(
                "A backend whose answers differ from the others', one that failed to answer some requests or \
                 let go of idle connections, and one with fewer than {FEWEST} samples: in the charts their marks \
                 are hollow, and the reason stands below. Errors stand beside every rate."
            ),
        ),
        (
            "Generator-bound",
            format!(
                "If the load generator was busy for more than {GENERATOR_BOUND:.0} % of its time, its speed was \
                 measured and not the server's. Rates and latencies are not ranked then; the server's CPU time is."
            ),
        ),
        (
            "Coordinated omission",
            "A client that waits for an answer before it asks again sends nothing while the server stalls, so a \
             stall counts once, however many would have come meanwhile. In S3, requests are due at fixed times \
             whatever the server does, and their latency counts from then. The dotted lines count from when they \
             were really sent: what is between the two is what such a client does not see."
                .into(),
        ),
        (
            "The limits of one machine",
            "Everything went over the loopback of one machine: no network, no loss, no distance. Compare what is on \
             this page with each other, not with numbers from elsewhere; and measure your own load before you \
             decide."
                .into(),
        ),
    ];
    let paragraph = |(head, text): &(&str, String)| format!("<h3>{head}</h3>\n<p>{}</p>\n", Prose(text));
    paragraphs.iter().map(paragraph).collect()
}

/// What the system told.
fn environment(run: &Run) -> String {
    let Environment { server_cores, generator_cores, features, .. } = &run.environment;
    let environment = &run.environment;
    let count = |number: u64| if number > 0 { words::count(number as f64) } else { String::new() };
    let shared = if environment.shares_cores() { " (shared)" } else { "" };
    let rows = [
        ("started", date(&run.started)),
        ("processor", environment.cpu.clone()),
        ("cores", count(environment.cores as u64)),
        ("the server's cores", cores(server_cores) + shared),
        ("the load's cores", cores(generator_cores) + shared),
        ("memory", if environment.memory > 0 { Unit::Bytes.show(environment.memory as f64) } else { String::new() }),
        ("kernel", environment.kernel.clone()),
        ("compiler", environment.rustc.clone()),
        ("build", if environment.optimized { "release" } else { "debug" }.into()),
        ("switchboard", environment.version.clone()),
        ("commit", environment.revision.clone()),
        ("features", words::list(features)),
        ("open files, at most", count(environment.open_files)),
        ("net.core.somaxconn", count(environment.somaxconn)),
        ("load average before", format!("{:.2}", environment.load_average)),
    ];
    let known = rows.iter().filter(|(_, value)| !value.is_empty());
    let row =
        |(name, value): &(&str, String)| format!("<tr><th scope=\"row\">{name}</th><td>{}</td></tr>\n", Text(value));
    format!("<table class=\"environment\">\n<tbody>\n{}</tbody></table>\n", known.map(row).collect::<String>())
}

fn cores(cores: &[usize]) -> String {
    let cores: Vec<String> = cores.iter().map(usize::to_string).collect();
    if cores.is_empty() { "any".into() } else { words::list(&cores) }
}
