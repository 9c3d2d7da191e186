//! When a part is ready: it answers its own protocol, not merely its port.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One try may take this long.
const PROBE: Duration = Duration::from_secs(5);

/// What a ready part does.
#[derive(Clone, Debug)]
pub enum Ready {
    /// Runs.
    Started,
    /// Accepts connections.
    Listens { address: SocketAddr },
    /// Asks a user of Postgres to authenticate; while it recovers it answers with an error.
    Postgres { port: u16, user: String },
    /// Answers PING.
    Redis { port: u16, password: String },
    /// Answers GET with 200.
    Http { address: SocketAddr, path: String },
}

impl Ready {
    /// One try.
    pub async fn probe(&self) -> bool {
        let tried = tokio::time::timeout(PROBE, async {
            match self {
                Self::Started => Ok(true),
                Self::Listens { address } => TcpStream::connect(address).await.map(|_| true),
                Self::Postgres { port, user } => postgres_asks_for_a_password(*port, user).await,
                Self::Redis { port, password } => redis_answers(*port, password).await,
                Self::Http { address, path } => http_is_ok(*address, path).await,
            }
        });
        matches!(tried.await, Ok(Ok(true)))
    }
}

/// Sends a startup message (protocol 3.0) and looks at the kind of the first answer: `R` asks to
/// authenticate, `E` is an error such as "the database system is starting up".
async fn postgres_asks_for_a_password(port: u16, user: &str) -> std::io::Result<bool> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for word in ["user", user, "database", "postgres", ""] {
        body.extend_from_slice(word.as_bytes());
        body.push(0);
    }
    let mut message = u32::try_from(body.len() + 4).map_err(std::io::Error::other)?.to_be_bytes().to_vec();
    message.extend(body);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(&message).await?;
    Ok(stream.read_u8().await? == b'R')
}

async fn redis_answers(port: u16, password: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(format!("AUTH {password}\r\nPING\r\nQUIT\r\n").as_bytes()).await?;
    let mut answers = Vec::new();
    stream.take(4096).read_to_end(&mut answers).await?;
    Ok(answers.starts_with(b"+OK\r\n+PONG\r\n"))
}

async fn http_is_ok(address: SocketAddr, path: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(answer.ends_with(b" 200"))
}
