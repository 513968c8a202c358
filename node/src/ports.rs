//! Hands out the ports that process pods listen on. A port belongs to one living pod at a time, also when several
//! instances of Ebb share the machine.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ebb_plumbing::Key;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, SockaddrLike, UnixAddr, bind, setsockopt, socket, sockopt,
};
use parking_lot::Mutex;

/// The first port that is given out. Below are services that people start by hand.
pub const FIRST: u16 = 20_000;
/// The last port that is given out: from 32768 on the kernel gives ports to outgoing connections.
pub const LAST: u16 = 32_767;

/// All ports are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no free port is left between {FIRST} and {LAST}")]
pub struct NoFreePort;

#[derive(Debug)]
struct State {
    next: u16,
    /// Ports in use, each with its pod and the lock that tells other instances of Ebb so.
    taken: HashMap<u16, (Key, OwnedFd)>,
}

/// The allocator. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ports(Arc<Mutex<State>>);

impl Ports {
    /// An allocator that begins its search at `start` (any number). A random start keeps an earlier life's ports, on which
    /// connections may linger, and other instances' ports apart.
    pub fn new(start: u16) -> Self {
        let next = FIRST + start % (LAST - FIRST + 1);
        Self(Arc::new(Mutex::new(State { next, taken: HashMap::new() })))
    }

    /// A port for `pod` that nobody listens on and that no other pod has.
    ///
    /// # Errors
    /// When all are in use.
    pub fn take(&self, pod: &Key) -> Result<u16, NoFreePort> {
        let mut state = self.0.lock();
        for _ in FIRST..=LAST {
            let port = state.next;
            state.next = if port == LAST { FIRST } else { port + 1 };
            if state.taken.contains_key(&port) {
                continue;
            }
            if let Some(lock) = claim(port)
                && is_free(port)
            {
                state.taken.insert(port, (pod.clone(), lock));
                return Ok(port);
            }
        }
        Err(NoFreePort)
    }

    /// Gives a port of `pod` back. A port that is not the pod's (any more) is ignored.
    pub fn release(&self, port: u16, pod: &Key) {
        let mut state = self.0.lock();
        if state.taken.get(&port).is_some_and(|(owner, _)| owner == pod) {
            state.taken.remove(&port);
        }
    }

    /// How many ports are in use.
    pub fn in_use(&self) -> usize {
        self.0.lock().taken.len()
    }
}

/// Claims the port among the instances of Ebb on this machine: an abstract socket name, which the kernel frees with its
/// owner however that ends, and which is bound to the network namespace as the port itself is.
fn claim(port: u16) -> Option<OwnedFd> {
    let name = UnixAddr::new_abstract(format!("ebb-port-{port}").as_bytes()).ok()?;
    let lock = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).ok()?;
    bind(std::os::fd::AsRawFd::as_raw_fd(&lock), &name).ok()?;
    Some(lock)
}

/// Whether a program could bind the port on every address, even one that does not set `SO_REUSEADDR`.
fn is_free(port: u16) -> bool {
    let v6 = SockaddrIn6::from(std::net::SocketAddrV6::new(std::net::Ipv6Addr::UNSPECIFIED, port, 0, 0));
    let v4 = SockaddrIn::from(std::net::SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, port));
    // One dual-stack bind tests both; a machine without IPv6 refuses the family and tests IPv4 alone.
    match socket(AddressFamily::Inet6, SockType::Stream, SockFlag::SOCK_CLOEXEC, None) {
        Ok(probe) if setsockopt(&probe, sockopt::Ipv6V6Only, &false).is_ok() => match try_bind(&probe, &v6) {
            Err(nix::errno::Errno::EADDRNOTAVAIL) => is_free_v4(&v4),
            bound => bound.is_ok(),
        },
        _ => is_free_v4(&v4),
    }
}

fn is_free_v4(address: &SockaddrIn) -> bool {
    socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).is_ok_and(|probe| try_bind(&probe, address).is_ok())
}

fn try_bind(probe: &OwnedFd, address: &dyn SockaddrLike) -> nix::Result<()> {
    bind(std::os::fd::AsRawFd::as_raw_fd(probe), address)
}

#[cfg(test)]
mod tests;
