//! S10: a stop, with requests on the way and idle connections open.

use super::idle::all_there;
use super::load::{JUDGED, get};
use super::{Bench, Trial};
use crate::generator::Idle;
use crate::measure::Measure;
use crate::model::Sample;
use crate::plan::Measurer;
use crate::service::{Service, backend};
use crate::workload::{DONE, HELLO};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How many requests are on the way, if the backend runs so many at once.
const ON_THE_WAY: usize = 32;
/// Nothing takes longer, all together.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn measure(bench: &Bench, trial: &Trial) -> Result<Sample, String> {
    let mut service = Service::start(&bench.setup(trial))?;
    let generator = |error: io::Error| format!("the load generator: {error}");
    let ask = get("/", HELLO.into(), JUDGED);
    let count = trial.x as usize;
    let idle = Idle::open(service.addr, count, &ask.request, PATIENCE).map_err(generator)?;
    all_there(&idle, count)?;
    let on_the_way = ON_THE_WAY.min(backend(&trial.backend)?.capacity());
    let waiting = (0..on_the_way).map(|_| ask_to_wait(service.addr)).collect::<io::Result<Vec<_>>>();
    let waiting = waiting.map_err(generator)?;
    until_at_work(bench, &mut service, on_the_way)?;
    let usage = service.usage()?;
    let kept = idle.alive();

    let until = Instant::now() + PATIENCE;
    service.tell_to_stop()?;
    let answered = waiting.into_iter().filter_map(|stream| whole_answer(stream, until).ok()).count();
    let stopped = service.stopped()?;
    drop(idle);
    let lost = on_the_way - answered;
    let mut measures = BTreeMap::from([
        (Measure::Stop, stopped.millis),
        (Measure::Lost, lost as f64),
        (Measure::Threads, usage.threads as f64),
        (Measure::Memory, usage.peak_memory as f64),
    ]);
    if count > 0 {
        measures.insert(Measure::Kept, 100.0 * kept as f64 / count as f64);
    }
    let errors = if lost > 0 { [("lost".to_string(), lost as u64)].into() } else { BTreeMap::new() };
    Ok(Sample { measures, answered: answered as u64, errors, ..Sample::default() })
}

fn ask_to_wait(addr: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(&get("/wait", DONE.into(), JUDGED).request)?;
    Ok(stream)
}

/// Waits until all of them are in their handlers, where a stop must not lose them.
fn until_at_work(bench: &Bench, service: &mut Service, count: usize) -> Result<(), String> {
    let begin = Instant::now();
    while service.handlers()? < count {
        if begin.elapsed() > PATIENCE || bench.is_stopped() {
            return Err(format!("not all of {count} requests came to their handlers"));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn whole_answer(mut stream: TcpStream, until: Instant) -> io::Result<()> {
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    stream.set_read_timeout(Some(left))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?; // a server that stops says close
    if answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(DONE) {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
