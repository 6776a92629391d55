//! S10: a stop, with requests on the way and idle connections open.

use super::load::{JUDGED, get};
use super::{Bench, Trial};
use crate::generator::Idle;
use crate::measure::Measure;
use crate::model::Sample;
use crate::service::Service;
use crate::workload::{DONE, HELLO};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How many requests are on the way.
const ON_THE_WAY: usize = 32;
/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn measure(bench: &Bench, trial: &Trial) -> Result<Sample, String> {
    let mut service = Service::start(&bench.setup(trial))?;
    let generator = |error: io::Error| format!("the load generator: {error}");
    let ask = get("/", HELLO.into(), JUDGED);
    let idle = Idle::open(service.addr, trial.x as usize, &ask.request, PATIENCE).map_err(generator)?;
    let waiting = (0..ON_THE_WAY).map(|_| ask_to_wait(service.addr)).collect::<io::Result<Vec<_>>>();
    let waiting = waiting.map_err(generator)?;
    until_at_work(&mut service)?;
    let usage = service.usage()?;

    service.tell_to_stop()?;
    let answered = waiting.into_iter().filter_map(|stream| whole_answer(stream).ok()).count();
    let stopped = service.stopped()?;
    drop(idle);
    let lost = ON_THE_WAY - answered;
    Ok(Sample {
        measures: BTreeMap::from([
            (Measure::Stop, stopped.millis),
            (Measure::Lost, lost as f64),
            (Measure::Threads, usage.threads as f64),
            (Measure::Memory, usage.peak_memory as f64),
        ]),
        answered: answered as u64,
        errors: if lost > 0 { [("lost".to_string(), lost as u64)].into() } else { BTreeMap::new() },
        ..Sample::default()
    })
}

fn ask_to_wait(addr: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&get("/wait", DONE.into(), JUDGED).request)?;
    Ok(stream)
}

/// Waits until all of them are in their handlers, where a stop must not lose them.
fn until_at_work(service: &mut Service) -> Result<(), String> {
    let begin = Instant::now();
    while service.handlers()? < ON_THE_WAY {
        if begin.elapsed() > PATIENCE {
            return Err(format!("not all of {ON_THE_WAY} requests have come to their handlers"));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn whole_answer(mut stream: TcpStream) -> io::Result<()> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?; // a server that stops says close
    if answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(DONE) {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
