//! A script: which calls a test expects, and what each is answered.

use std::fmt;
use std::sync::{Arc, Mutex};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::failure::hand_over;
use super::{Call, Failure, Reply, locked};
use crate::client::WahaClient;
use crate::endpoint::Request;
use crate::error::{BuildError, Error};
use crate::guard::GuardedBody;
use crate::transport::Lost;

/// Answers a client's calls as a test says, and remembers them. Clones share everything.
///
/// A call takes the first expectation that fits it and is not used up; each counts once unless it is told otherwise. A call
/// that nothing fits fails with [`NotSent::Invalid`](crate::NotSent::Invalid), which names it, and is repeated by nobody.
/// A call that its own guard withholds uses up nothing: a server would not have seen it.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    in_order: bool,
    lines: Vec<Line>,
    calls: Vec<Call>,
    unexpected: Vec<Call>,
}

struct Line {
    expected: Expected,
    outcome: Outcome,
    /// `None` without end.
    left: Option<u32>,
}

#[derive(Clone)]
enum Outcome {
    Reply(Reply),
    Failure(Failure),
}

type Predicate = Box<dyn Fn(&Call) -> bool + Send + Sync>;

struct Expected {
    method: String,
    path: String,
    predicates: Vec<Predicate>,
}

/// A call that a test expects; counts once it is told what comes back.
#[must_use = "an expectation counts once it is told what to answer"]
pub struct Expectation {
    script: Script,
    expected: Expected,
    times: Option<u32>,
}

/// What happened is not what the script says.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", told(.unmet, .unexpected))]
#[non_exhaustive]
pub struct Mismatch {
    /// Expected calls that did not come.
    pub unmet: Vec<String>,
    /// Calls that nothing fitted.
    pub unexpected: Vec<Call>,
}

impl Script {
    /// A script that takes calls in any order; of expectations that fit the same call, the first comes first.
    pub fn new() -> Self {
        Self::default()
    }

    /// A script whose calls must come in the order of its expectations. Those that are always answered stand outside it.
    pub fn in_order() -> Self {
        let script = Self::default();
        locked(&script.0).in_order = true;
        script
    }

    /// A client that is answered by this script; its address is `http://script`. For one with settings of its own, give the script to
    /// [`Builder::transport`](crate::Builder::transport).
    ///
    /// # Errors
    ///
    /// When the HTTP library cannot be set up.
    pub fn client(&self) -> Result<WahaClient, BuildError> {
        WahaClient::builder("http://script").transport(self).build()
    }

    /// Expects a call. `path` is a path as WAHA's specification has it (`/api/{session}/chats`), in which an id may stand
    /// in the place of its name (`/api/default/chats`).
    pub fn on(&self, method: &str, path: &str) -> Expectation {
        Expectation {
            script: self.clone(),
            expected: Expected {
                method: method.to_owned(),
                path: path.to_owned(),
                predicates: Vec::new(),
            },
            times: Some(1),
        }
    }

    /// Every call so far, in the order they came, the unexpected ones too.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.0).calls.clone()
    }

    /// The calls that nothing fitted.
    pub fn unexpected(&self) -> Vec<Call> {
        locked(&self.0).unexpected.clone()
    }

    /// The expected calls that have not come, with how many times they are still to come.
    pub fn unmet(&self) -> Vec<String> {
        let state = locked(&self.0);
        let unmet = state.lines.iter().filter_map(|line| {
            let left = line.left.filter(|left| *left > 0)?;
            Some(format!("{} (still {left}x)", line.expected))
        });
        unmet.collect()
    }

    /// Whether everything expected came, and nothing else.
    ///
    /// # Errors
    ///
    /// Names what did not come, and what came unexpectedly.
    pub fn check(&self) -> Result<(), Mismatch> {
        let (unmet, unexpected) = (self.unmet(), self.unexpected());
        if unmet.is_empty() && unexpected.is_empty() {
            Ok(())
        } else {
            Err(Mismatch { unmet, unexpected })
        }
    }

    /// Answers one call.
    pub(super) async fn carry(
        &self,
        request: &Request,
        body: GuardedBody,
    ) -> Result<Result<reqwest::Response, Lost>, Error> {
        let taken = locked(&self.0).take(Call::of(request))?;
        let asks_for_body = match taken.outcome {
            Outcome::Reply(_) => true,
            Outcome::Failure(failure) => failure.comes_after_body(),
        };
        let mut body = Some(body);
        if asks_for_body {
            // The guard is the caller's code: it is asked without the lock.
            if let Some(Err(withheld)) = body.take().map(hand_over) {
                locked(&self.0).put_back(taken.line);
                return Ok(Err(withheld));
            }
            locked(&self.0).handed_over(taken.call);
        }
        match taken.outcome {
            Outcome::Failure(failure) => Ok(Err(failure.play(body))),
            Outcome::Reply(reply) => {
                if !reply.delay.is_zero() {
                    tokio::time::sleep(reply.delay).await;
                }
                reply.together().map(Ok).map_err(Error::invalid)
            }
        }
    }
}

/// Which line answers which call, by their places.
struct Taken {
    line: usize,
    call: usize,
    outcome: Outcome,
}

impl State {
    fn take(&mut self, call: Call) -> Result<Taken, Error> {
        let found = self.fitting(&call);
        self.calls.push(call.clone());
        let Some((line, found)) = found.and_then(|at| Some((at, self.lines.get_mut(at)?))) else {
            let next = self.next().map(|at| self.lines[at].expected.to_string());
            let instead = match next {
                Some(next) if self.in_order => format!("next comes {next}"),
                Some(_) => "nothing that is left fits it".to_owned(),
                None => "nothing is left".to_owned(),
            };
            let why = format!("the script does not expect {call}: {instead}");
            self.unexpected.push(call);
            return Err(Error::invalid(why));
        };
        found.left = found.left.map(|left| left.saturating_sub(1));
        Ok(Taken {
            line,
            call: self.calls.len() - 1,
            outcome: found.outcome.clone(),
        })
    }

    fn put_back(&mut self, line: usize) {
        if let Some(line) = self.lines.get_mut(line) {
            line.left = line.left.map(|left| left + 1);
        }
    }

    fn handed_over(&mut self, call: usize) {
        if let Some(call) = self.calls.get_mut(call) {
            call.handed_over = true;
        }
    }

    /// The first expectation that has an end and is not at it.
    fn next(&self) -> Option<usize> {
        let mut lines = self.lines.iter();
        lines.position(|line| line.left.is_some_and(|left| left > 0))
    }

    fn fitting(&self, call: &Call) -> Option<usize> {
        let fits = |at: &usize| {
            let line = &self.lines[*at];
            line.left != Some(0) && line.expected.fits(call)
        };
        if !self.in_order {
            return (0..self.lines.len()).find(fits);
        }
        let endless = (0..self.lines.len()).filter(|at| self.lines[*at].left.is_none());
        self.next().into_iter().chain(endless).find(fits)
    }
}

impl Expectation {
    /// Only with this in its query.
    pub fn query(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let pair = (name.into(), value.into());
        self.when(move |call| call.query.contains(&pair))
    }

    /// Only with a JSON body that fits.
    pub fn body(self, fits: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        self.when(move |call| call.body.as_ref().is_some_and(&fits))
    }

    /// Only when the call fits. The test is made within the script: it must not ask the script anything.
    pub fn when(mut self, fits: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        self.expected.predicates.push(Box::new(fits));
        self
    }

    /// Exactly so many times.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Any number of times, none included.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Answers it.
    pub fn answers(self, reply: Reply) {
        self.ends_in(Outcome::Reply(reply));
    }

    /// Lets it fail.
    pub fn fails(self, failure: Failure) {
        self.ends_in(Outcome::Failure(failure));
    }

    fn ends_in(self, outcome: Outcome) {
        locked(&self.script.0).lines.push(Line {
            expected: self.expected,
            outcome,
            left: self.times,
        });
    }
}

impl Expected {
    fn fits(&self, call: &Call) -> bool {
        self.method.eq_ignore_ascii_case(&call.method)
            && is_path_of(&self.path, call)
            && self.predicates.iter().all(|fits| fits(call))
    }
}

/// Segment by segment: the template's own, or the id in its place.
fn is_path_of(pattern: &str, call: &Call) -> bool {
    let pattern: Vec<_> = pattern.split('/').collect();
    let template = call.template.split('/');
    let path = call.path.split('/');
    let mut asked = pattern.iter().zip(template.zip(path));
    pattern.len() == call.template.split('/').count()
        && asked.all(|(pattern, (name, id))| {
            *pattern == name
                || *pattern == id
                || percent_decode_str(id).decode_utf8_lossy() == *pattern
        })
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Shows the calls, which are test data.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("calls", &self.calls())
            .field("unmet", &self.unmet())
            .finish_non_exhaustive()
    }
}

fn told(unmet: &[String], unexpected: &[Call]) -> String {
    let mut told = Vec::new();
    if !unmet.is_empty() {
        told.push(format!("did not come: {}", unmet.join(", ")));
    }
    if !unexpected.is_empty() {
        let named: Vec<_> = unexpected.iter().map(Call::to_string).collect();
        told.push(format!("came unexpectedly: {}", named.join(", ")));
    }
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_by_its_template_or_by_the_ids_in_it() {
        let call = Call {
            method: "GET".into(),
            template: "/api/{session}/chats/{chatId}".into(),
            path: "/api/sales/chats/a%2Fb".into(),
            query: Vec::new(),
            body: None,
            handed_over: false,
        };
        for (pattern, fits) in [
            ("/api/{session}/chats/{chatId}", true),
            ("/api/sales/chats/{chatId}", true),
            ("/api/{session}/chats/a%2Fb", true),
            ("/api/other/chats/{chatId}", false),
            ("/api/{name}/chats/{chatId}", false),
            ("/api/{session}/chats", false),
            ("/api/{session}/chats/{chatId}/messages", false),
            ("", false),
        ] {
            assert_eq!(is_path_of(pattern, &call), fits, "{pattern}");
        }
    }
}
