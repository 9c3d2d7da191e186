//! A state folder for one test, removed with whatever its servers put elsewhere.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stack::servers::placement;

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("broadside-stack-test-{:016x}", rand::random::<u64>()));
        std::fs::create_dir(&path).expect("a folder is made");
        Self(path.canonicalize().expect("it exists"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = placement::remove(&self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The process id in a file, once there is one that is not `other`.
pub(crate) async fn pid_in(file: &Path, other: Option<i32>) -> i32 {
    let found = async || {
        let pid = std::fs::read_to_string(file).ok().and_then(|it| it.trim().parse().ok());
        pid.filter(|it| Some(*it) != other)
    };
    until(&format!("{} names a process", file.display()), found).await
}

/// Asks again and again, for a minute at most.
pub(crate) async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn is_alive(pid: i32) -> bool {
    // A process that ended and was not waited for has no working directory any more.
    std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok()
}

pub(crate) fn signal(pid: i32, signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("the process is there");
}
