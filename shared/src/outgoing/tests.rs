//! The guard over all of `cases.txt`, where no packet can leave; then over real sockets of this machine.

mod cases;
mod networks;
mod sockets;
