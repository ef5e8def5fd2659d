//! `cargo xtask run`: the web client and a server with the reference programme, in one command.
//!
//! Needs nothing but Rust. When all is built, this program turns into the server, so that Ctrl-C,
//! signals and the exit code are the server's own.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::{process, web};

/// Options of `cargo xtask run`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The folder that keeps the records.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
}

/// Builds client and server, then becomes the server.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    check_address(options.listen)?;

    println!("Step 1 of 3: the web client (a few minutes the first time)");
    let web = web::build(&web::Options::default_place())?;

    println!("\nStep 2 of 3: the server (a few minutes the first time)");
    process::run(process::cargo().args(["build", "--release", "--package", "meltemi-server"]))?;
    let program = process::target_dir()?.join("release").join("meltemi");

    println!(
        "\nStep 3 of 3: running it, with the records in {}",
        options.data.display()
    );
    let port = options.listen.port();
    if port == 0 {
        println!(
            "Open the address that follows `listening on` in a browser; Ctrl-C stops the server."
        );
    } else {
        println!(
            "Open http://localhost:{port} in a browser when it says `listening on`; Ctrl-C stops the server."
        );
    }
    let mut server = Command::new(program);
    server
        .arg("serve")
        .args(["--listen", &options.listen.to_string()])
        .arg("--data")
        .arg(&options.data)
        .arg("--web")
        .arg(web)
        .args(["--demo", "--open"]);
    become_program(&mut server)
}

/// Finds out before the long build whether the server will be able to listen.
fn check_address(address: SocketAddr) -> anyhow::Result<()> {
    TcpListener::bind(address).map(drop).with_context(|| {
        format!(
            "cannot listen on {address}: stop the program that uses it, or choose another \
             port, for example `cargo xtask run --listen 127.0.0.1:8081`"
        )
    })
}

#[cfg(unix)]
fn become_program(command: &mut Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    Err(error).context("cannot start the server")
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("cannot start the server")?;
    std::process::exit(status.code().unwrap_or(1));
}
