//! This program again in a process of its own, and what a process has used of memory and of the processor.
//!
//! A peak of memory belongs to a process, so each measurement of one is a process; and a server that shared the client's
//! process would be counted with it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Failure;

/// The role this process was started in, with its arguments; `None` in the one that the user started.
pub fn role() -> Option<(String, Vec<String>)> {
    let mut arguments = std::env::args().skip(1);
    let role = arguments.next()?.strip_prefix("role:")?.to_owned();
    Some((role, arguments.collect()))
}

/// Another process, of this program as a rule. It ends with the value at the latest.
pub struct Peer {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts this program in a role.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start<A: Into<OsString>>(
        role: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(format!("role:{role}"));
        command.args(arguments.into_iter().map(Into::into));
        Self::spawn(command)
    }

    /// Starts another program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn spawn(mut command: Command) -> Result<Self, Failure> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = child.stdout.take().ok_or("a peer without a voice")?;
        Ok(Self {
            child,
            said: BufReader::new(said),
        })
    }

    /// The next line it says.
    ///
    /// # Errors
    /// When it ended instead; what went wrong is on standard error.
    pub fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if self.said.read_line(&mut line)? == 0 {
            return Err("a process of the bench ended early".into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// Lets go of it, and returns what it says before it ends.
    ///
    /// # Errors
    /// When it fails; what went wrong is on standard error.
    pub fn let_go(mut self) -> Result<String, Failure> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.said.read_to_string(&mut said)?;
        let status = self.child.wait()?;
        if !status.success() {
            return Err(format!("a process of the bench ended with {status}").into());
        }
        Ok(said)
    }

    /// The time that its threads have spent on processors so far. Linux only.
    pub fn cpu_time(&self) -> Option<Duration> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let nanoseconds = threads.filter_map(|thread| {
            let times = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            times.split_whitespace().next()?.parse::<u64>().ok()
        });
        Some(Duration::from_nanos(nanoseconds.sum()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Waits until whoever started this process lets go of it.
pub fn until_let_go() {
    // An error is an end too.
    let _end = std::io::stdin().lock().read_to_end(&mut Vec::new());
}

/// The most memory that a process has held so far, in KiB (`VmHWM`); this process unless another is named. Linux only.
pub fn peak_memory_kib(process: Option<u32>) -> Option<u64> {
    let process = process.map_or_else(|| "self".to_owned(), |id| id.to_string());
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The bytes that this process and those it has started and outlived have had written to disks. Linux only.
pub fn written_bytes() -> Option<u64> {
    let counted = std::fs::read_to_string("/proc/self/io").ok()?;
    let mut lines = counted.lines();
    lines.find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok())
}

/// The time that a process and those it has started have spent on processors, the ended ones included. Linux only, to a hundredth of a second.
pub(crate) fn cpu_time_of_family(process: u32) -> Option<Duration> {
    let (own, ended) = times(process)?;
    let children = format!("/proc/{process}/task/{process}/children");
    let children = std::fs::read_to_string(children).ok()?;
    // One may end just now: then it is counted with the ended ones the next time.
    let living = children.split_whitespace().filter_map(|id| id.parse().ok());
    let living = living.filter_map(times).map(|(own, _)| own);
    let ticks = own + ended + living.sum::<u64>();
    Some(Duration::from_millis(ticks * 10))
}

/// What a process has used, and what those of its children have that have ended: in hundredths of a second, as Linux counts for programs.
fn times(process: u32) -> Option<(u64, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Its name stands in brackets, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let mut two = || Some(ticks.next()?.ok()? + ticks.next()?.ok()?);
    Some((two()?, two()?))
}

/// The time that the threads of this process have spent on processors.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
