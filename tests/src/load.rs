//! Load: a number of users, each with a connection of its own, each asking again as soon as it is answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::{Answer, Http, Result};

/// What load to make.
#[derive(Clone, Debug)]
pub struct Load {
    /// Where to connect.
    pub address: SocketAddr,
    /// Host header.
    pub host: String,
    /// Path with query.
    pub path: String,
    /// Users at once.
    pub users: usize,
    /// How long; every user ends with the answer that it waits for then.
    pub time: Duration,
    /// Most requests in all.
    pub requests_max: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Answers by status.
    pub statuses: BTreeMap<u16, usize>,
    /// Requests without an answer, and answers other than 200, told as text.
    pub failures: Vec<String>,
    /// Answers by revision (the sample's `x-revision` header).
    pub revisions: BTreeMap<String, usize>,
    /// Answers by process of the sample.
    pub pids: BTreeMap<u32, usize>,
    /// The most requests that any process saw at once.
    pub max_in_flight: u64,
    /// Latency of every answered request, sorted.
    pub latencies: Vec<Duration>,
}

impl Report {
    /// Requests in all.
    pub fn total(&self) -> usize {
        self.statuses.values().sum::<usize>() + self.failures.iter().filter(|failure| failure.starts_with("no answer")).count()
    }

    /// The latency that `permille` of every thousand requests did not exceed.
    pub fn percentile(&self, permille: usize) -> Duration {
        percentile(&self.latencies, permille)
    }

    fn count(&mut self, answer: &Answer, took: Duration) {
        *self.statuses.entry(answer.status.as_u16()).or_default() += 1;
        if answer.status != http::StatusCode::OK {
            self.failures.push(format!("{} {} {:?}", answer.status, answer.text().trim(), answer.headers));
        }
        *self.revisions.entry(answer.header("x-revision").to_owned()).or_default() += 1;
        if let Some(pid) = answer.number("x-pid") {
            *self.pids.entry(pid).or_default() += 1;
        }
        self.max_in_flight = self.max_in_flight.max(answer.number("x-max-in-flight").unwrap_or(0));
        self.latencies.push(took);
    }

    fn add(&mut self, other: Self) {
        other.statuses.into_iter().for_each(|(key, count)| *self.statuses.entry(key).or_default() += count);
        other.revisions.into_iter().for_each(|(key, count)| *self.revisions.entry(key).or_default() += count);
        other.pids.into_iter().for_each(|(key, count)| *self.pids.entry(key).or_default() += count);
        self.failures.extend(other.failures);
        self.latencies.extend(other.latencies);
        self.max_in_flight = self.max_in_flight.max(other.max_in_flight);
    }
}

/// The value that `permille` of every thousand sorted values do not exceed; zero when there are none.
pub fn percentile(sorted: &[Duration], permille: usize) -> Duration {
    let rank = (sorted.len() * permille).div_ceil(1000).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

impl Load {
    /// Makes the load and waits for its end.
    pub async fn run(&self) -> Report {
        let end = Instant::now() + self.time;
        let each = self.requests_max.div_ceil(self.users.max(1));
        let mut all = Report::default();
        for report in join_all((0..self.users).map(|_| self.user(end, each))).await {
            all.add(report);
        }
        all.latencies.sort_unstable();
        all
    }

    async fn user(&self, end: Instant, requests_max: usize) -> Report {
        let mut report = Report::default();
        let mut connection: Option<Http> = None;
        for _ in 0..requests_max {
            if Instant::now() >= end {
                break;
            }
            let asked = Instant::now();
            match self.ask(connection.take()).await {
                Ok((answer, http)) => {
                    report.count(&answer, asked.elapsed());
                    connection = Some(http);
                }
                Err(error) => report.failures.push(format!("no answer: {error}")),
            }
        }
        report
    }

    async fn ask(&self, connection: Option<Http>) -> Result<(Answer, Http)> {
        let mut http = match connection {
            Some(http) => http,
            None => Http::connect(self.address).await?,
        };
        let answer = http.get(&self.host, &self.path).await?;
        Ok((answer, http))
    }
}
