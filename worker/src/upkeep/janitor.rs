//! The janitor: frees what apalis-redis keeps of finished jobs, in slices, and repairs ids that have lost their data, which
//! would stop every worker that fetches them.

use anyhow::Result;
use redis::aio::ConnectionManager;

use crate::worker::Worker;

/// Jobs freed in one round trip.
const SLICE: usize = 500;

pub(super) async fn once(worker: &Worker) -> Result<()> {
    for queue in [&worker.posts.queue, &worker.generations.queue] {
        let (name, mut redis) = (queue.name(), queue.redis());
        for finished in ["done", "dead", "failed"] {
            while free(&mut redis, &name, finished).await? == SLICE {}
        }
        drop_hollow(&mut redis, &name).await?;
    }
    Ok(())
}

async fn free(redis: &mut ConnectionManager, name: &str, finished: &str) -> Result<usize> {
    let set = format!("{name}:{finished}");
    let kind: String = redis::cmd("TYPE").arg(&set).query_async(redis).await?;
    let ids: Vec<String> = match kind.as_str() {
        "set" => redis::cmd("SPOP").arg(&set).arg(SLICE).query_async(redis).await?,
        "zset" => {
            let popped: Vec<(String, f64)> = redis::cmd("ZPOPMIN").arg(&set).arg(SLICE).query_async(redis).await?;
            popped.into_iter().map(|(id, _)| id).collect()
        }
        _ => return Ok(0),
    };
    if !ids.is_empty() {
        let mut pipe = redis::pipe();
        pipe.cmd("HDEL").arg(format!("{name}:data")).arg(&ids).ignore();
        pipe.cmd("UNLINK").arg(ids.iter().map(|id| format!("{name}:meta:{id}")).collect::<Vec<_>>()).ignore();
        pipe.query_async::<()>(redis).await?;
    }
    Ok(ids.len())
}

/// Removes the ids that wait without data. A push writes both in one script, so only a loss of keys makes such an id.
async fn drop_hollow(redis: &mut ConnectionManager, name: &str) -> Result<()> {
    let (active, scheduled) = (format!("{name}:active"), format!("{name}:scheduled"));
    let mut pipe = redis::pipe();
    pipe.cmd("LRANGE").arg(&active).arg(0).arg(-1).cmd("ZRANGE").arg(&scheduled).arg(0).arg(-1);
    let (mut ids, due): (Vec<String>, Vec<String>) = pipe.query_async(redis).await?;
    ids.extend(due);
    if ids.is_empty() {
        return Ok(());
    }
    let there: Vec<Option<Vec<u8>>> =
        redis::cmd("HMGET").arg(format!("{name}:data")).arg(&ids).query_async(redis).await?;
    for (id, _) in ids.iter().zip(there).filter(|(_, data)| data.is_none()) {
        let mut pipe = redis::pipe();
        pipe.cmd("LREM").arg(&active).arg(0).arg(id).ignore().cmd("ZREM").arg(&scheduled).arg(id).ignore();
        pipe.query_async::<()>(redis).await?;
    }
    Ok(())
}
