//! One comparison, from the command line to the reports.

use crate::agreement::{self, Answers};
use crate::fixtures::Fixtures;
use crate::measure::Measure;
use crate::model::{Environment, FORMAT, Run, Subject};
use crate::options::{Compare, Render};
use crate::plan::Plan;
use crate::reports;
use crate::scenario::Scenario;
use crate::standing::{FEWEST, Spread};
use crate::trials::{Bench, Trial, trials};
use crate::{against, mutant, service, system, terminal, words, workload};
use jiff::Timestamp;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use switchboard::AnyBackend;

/// When a quick run stops measuring.
const QUICK_END: Duration = Duration::from_secs(110);
/// How many connections are idle in S4, and the most anywhere, if so many files may be open.
const MOST_IDLE: usize = 5000;
/// What is 100 % in S3 if nobody tells.
const FALLBACK: f64 = 1000.0;
/// Files that each of the two processes has open beside connections.
const OTHER_FILES: u64 = 200;

/// Measures, and writes the reports.
pub(crate) fn run(compare: &Compare) -> Result<(), String> {
    let (begin, started) = (Instant::now(), Timestamp::now());
    let before = compare.against.as_deref().map(against::read).transpose()?;
    let backends = backends(compare)?;
    let out = compare.out.clone().unwrap_or_else(|| folder(started));
    reports::prepare(&out)?;
    reports::spare(&out)?;

    let (mut bench, environment) = set_up(compare)?;
    let asked = agree(&mut bench, &backends)?;
    let mut run = Run {
        format: FORMAT,
        started: started.to_string(),
        command: command_line(),
        quick: compare.quick,
        method: compare.method(),
        seconds: 0.0,
        environment,
        subjects: asked.iter().map(|asked| asked.subject.clone()).collect(),
        parts: Vec::new(),
        notes: Vec::new(),
    };
    let plan = Plan {
        trials: all_trials(compare, &mut bench, &asked, &mut run),
        rounds: compare.rounds(),
        end: compare.quick.then(|| begin + QUICK_END),
        counts_system_calls: !compare.quick,
    };
    announce(&plan, &bench);
    measure(&plan, &bench, &mut run);
    run.seconds = begin.elapsed().as_secs_f64();

    if run.parts.iter().flat_map(|part| &part.cases).all(|case| case.samples.is_empty()) {
        return Err("nothing was measured, so there is no report".into());
    }
    reports::write(&run, before.as_ref(), &out)?;
    say(&terminal::summary(&run));
    say(&reports::place(&out));
    Ok(())
}

/// What is the same for all that is measured.
fn set_up(compare: &Compare) -> Result<(Bench, Environment), String> {
    let (server_cores, generator_cores) = share(system::cores(), compare.server_cores)?;
    let open_files = system::raise_open_files();
    let environment = system::environment(&server_cores, &generator_cores, open_files);
    system::keep_to(&generator_cores)?;
    let bench = Bench {
        fixtures: Fixtures::new().map_err(|error| format!("cannot write the files to serve: {error}"))?,
        turns: workload::turns(),
        server_cores,
        generator_threads: generator_cores.len().max(1),
        span: compare.span(),
        quick: compare.quick,
        slowest: 0.0,
        listing: Arc::from([]),
        stop: stop_at_ctrl_c()?,
    };
    Ok((bench, environment))
}

/// Everything that was asked for; what it depends on is found out, and noted.
fn all_trials(compare: &Compare, bench: &mut Bench, asked: &[Asked], run: &mut Run) -> Vec<Trial> {
    let able: Vec<String> =
        asked.iter().filter(|asked| asked.answers).map(|asked| asked.subject.name.clone()).collect();
    let most_idle = most_idle(run.environment.open_files, &mut run.notes);
    let scenarios = compare.scenarios();
    if scenarios.contains(&Scenario::OpenLoop) {
        bench.slowest = slowest(bench, asked, &mut run.notes);
    }
    scenarios.into_iter().flat_map(|scenario| trials(scenario, &able, compare.quick, most_idle)).collect()
}

/// Fills in the parts of a run. Between two rounds it says how things stand.
fn measure(plan: &Plan, bench: &Bench, run: &mut Run) {
    let measured = plan.run(bench, |progress, round, parts| {
        run.parts = parts.to_vec();
        if round + 1 < plan.rounds {
            progress.suspend(|| say(&format!("after round {}:\n{}", round + 1, terminal::verdict_table(run))));
        }
    });
    run.parts = measured.parts;
    run.notes.extend(measured.notes);
}

impl Render {
    pub(crate) fn run(&self) -> Result<(), String> {
        let run = against::read(&self.file)?;
        let before = self.against.as_deref().map(against::read).transpose()?;
        let beside = || self.file.parent().map(PathBuf::from).unwrap_or_default();
        let out = self.out.clone().unwrap_or_else(beside);
        reports::prepare(&out)?;
        reports::write(&run, before.as_ref(), &out)?;
        say(&reports::place(&out));
        Ok(())
    }
}

/// Those that were asked for, or all; each exists.
fn backends(compare: &Compare) -> Result<Vec<String>, String> {
    if compare.backends.is_empty() {
        return Ok(AnyBackend::names().map(str::to_string).collect());
    }
    let mut backends: Vec<String> = Vec::new();
    for name in &compare.backends {
        let unknown = |error| format!("{error}; or, to see what is found out: {}", mutant::NAMES.join(", "));
        service::backend(name).map_err(unknown)?;
        if !backends.contains(name) {
            backends.push(name.clone());
        }
    }
    Ok(backends)
}

fn folder(started: Timestamp) -> PathBuf {
    PathBuf::from(format!("target/compare/{}", started.strftime("%Y-%m-%d-%H%M%S")))
}

/// The first signal ends measuring, the second everything.
fn stop_at_ctrl_c() -> Result<Arc<AtomicBool>, String> {
    let stop = Arc::new(AtomicBool::new(false));
    let signalled = stop.clone();
    let handler = move || {
        if signalled.swap(true, Relaxed) {
            std::process::exit(130);
        }
        eprintln!("measuring ends; what there is will be reported (once more to end at once)");
    };
    ctrlc::set_handler(handler).map_err(|error| format!("cannot watch for Ctrl-C: {error}"))?;
    Ok(stop)
}

/// The server's cores, and the load's; none: both run on all.
fn share(cores: Vec<usize>, wanted: Option<u32>) -> Result<(Vec<usize>, Vec<usize>), String> {
    let server = wanted.map_or(cores.len() / 2, |count| count as usize);
    match cores.len() {
        count if server < count => {
            let (server, generator) = cores.split_at(server);
            Ok(if server.is_empty() { (Vec::new(), Vec::new()) } else { (server.to_vec(), generator.to_vec()) })
        }
        0 | 1 if wanted.is_none() => Ok((Vec::new(), Vec::new())),
        count => Err(format!("--server-cores {server}: this process may use {count} cores, and the load needs one")),
    }
}

/// A backend that was asked all questions.
struct Asked {
    subject: Subject,
    /// Otherwise there is nothing to measure.
    answers: bool,
}

/// Asks all backends the same, before anything is timed.
fn agree(bench: &mut Bench, backends: &[String]) -> Result<Vec<Asked>, String> {
    say(&format!("comparing the answers of {}", backends.join(", ")));
    let answers: Vec<Result<Answers, String>> = thread::scope(|scope| {
        let ask = |backend| bench.serve(backend).map(|service| agreement::ask(service.addr, &bench.stop));
        let asking: Vec<_> = backends.iter().map(|backend| scope.spawn(move || ask(backend))).collect();
        let panicked = |_| Err("asking it failed".to_string());
        asking.into_iter().map(|asked| asked.join().unwrap_or_else(panicked)).collect()
    });
    let given: Vec<Answers> = answers.iter().filter_map(|answers| answers.clone().ok()).collect();
    if given.is_empty() {
        return Err(answers.into_iter().find_map(Result::err).unwrap_or_else(|| "there is no backend".into()));
    }
    bench.listing = agreement::listing(&given).into();
    let mut differences = agreement::differences(&given).into_iter();
    let asked = |(name, given): (&String, Result<Answers, String>)| {
        let answers = given.as_ref().is_ok_and(agreement::has_answered);
        let differs = given.map_or_else(Some, |_| differences.next().flatten());
        if let Some(how) = &differs {
            say(&format!("  {name} differs: {how}"));
        }
        Asked { subject: Subject { name: name.clone(), about: about(name), differs }, answers }
    };
    Ok(backends.iter().zip(answers).map(asked).collect())
}

fn about(name: &str) -> String {
    let base = name.split(':').next().unwrap_or(name);
    let listed = AnyBackend::LIST.iter().find(|listed| listed.name == base);
    listed.map_or("wrong on purpose", |listed| listed.advice).into()
}

/// How many connections can be idle, both ends being on this machine.
fn most_idle(open_files: u64, notes: &mut Vec<String>) -> usize {
    let possible = usize::try_from(open_files.saturating_sub(OTHER_FILES)).unwrap_or(MOST_IDLE);
    if open_files == 0 || possible >= MOST_IDLE {
        return MOST_IDLE;
    }
    notes.push(format!(
        "S4 has {possible} idle connections instead of {MOST_IDLE}: a process may have {open_files} files open here. \
         Raise that (`ulimit -n`) to see more."
    ));
    possible
}

/// What the slowest backend answers in a second: the median of three tries. Who does not answer rightly has no say.
fn slowest(bench: &Bench, asked: &[Asked], notes: &mut Vec<String>) -> f64 {
    const TRIES: usize = 3;
    let median = |name: &str| {
        let rates = (0..TRIES).map(|_| bench.best_rate(name)).collect::<Result<Vec<_>, _>>().ok()?;
        Spread::of(&rates).map(|rates| rates.median)
    };
    let sound = asked.iter().map(|asked| &asked.subject).filter(|subject| subject.differs.is_none());
    let rates = sound.filter_map(|subject| Some((median(&subject.name)?, &subject.name)));
    let Some((rate, name)) = rates.min_by(|(one, _), (other, _)| one.total_cmp(other)) else {
        notes.push(format!("In S3, 100 % are {FALLBACK} requests/s, for no backend told how much it can do."));
        return FALLBACK;
    };
    let rate_shown = Measure::Rate.unit().show(rate);
    notes.push(format!("In S3, 100 % are {rate_shown}: what {name}, the slowest, answered just before."));
    rate
}

/// What is going to happen, and what it will not tell.
fn announce(plan: &Plan, bench: &Bench) {
    let seconds = plan.expected(bench).as_secs();
    let (cases, rounds) = (words::plural(plan.trials.len() as f64, "case"), words::plural(plan.rounds.into(), "round"));
    say(&format!("{cases}, {rounds}: about {}:{:02} min", seconds / 60, seconds % 60));
    if (plan.rounds as usize) < FEWEST {
        say(&format!("with fewer than {FEWEST} rounds nothing will be ranked"));
    }
    if cfg!(debug_assertions) {
        say("this is not a release build: the figures will say little (use cargo run --release)");
    }
}

/// A line on stdout. If nobody reads it, it is lost: what is measured is more important.
fn say(line: &str) {
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("compare {}", arguments.join(" ")).trim_end().to_string()
}
