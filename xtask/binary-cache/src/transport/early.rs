//! Hears an answer that comes before the body was sent: `413` to a NAR that is too large, `401` to one without a login.
//!
//! ureq 3.5 waits for more input where what it has read while it waited for `100 Continue` is already the whole answer; a server
//! that then neither says more nor closes looks as if it stood still.

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Wraps each connection.
#[derive(Debug)]
pub(super) struct EarlyAnswers;

impl<In: Transport> Connector<In> for EarlyAnswers {
    type Out = Connection<In>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| Connection { inner, offered: 0 }))
    }
}

/// A connection that offers what it has read once before it waits for more.
#[derive(Debug)]
pub(super) struct Connection<In> {
    inner: In,
    /// Bytes of input at the last offer.
    offered: usize,
}

impl<In: Transport> Transport for Connection<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let there = self.inner.buffers().input().len();
        let is_new = there > 0 && there != self.offered;
        self.offered = there;
        if is_new { Ok(true) } else { self.inner.await_input(timeout) }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
