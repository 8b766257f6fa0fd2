//! A broker on its own: `broker DIRECTORY [ADDRESS]`. Prints where it listens, and runs until it is killed.
#![expect(clippy::print_stdout, reason = "whoever starts it reads the address there")]

use transom_broker::{Broker, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let mut settings = Settings::new(arguments.next().ok_or("expected a directory")?);
    if let Some(address) = arguments.next() {
        settings.listen = address.parse()?;
    }
    let broker = Broker::start(settings).await?;
    println!("{}", broker.address());
    std::future::pending().await
}
