//! What only the owner of an account may: create caches. These calls are not official: Cachix's own client has none of them, and they
//! are known from public scripts alone.

use cache_protocol::{Fault, FaultKind};

use super::messages::{NewCache, NewKey, User};
use super::{Cachix, reading};
use crate::transport::{Answer, Method, Request};

impl Cachix {
    /// What `/user` answers: 200 for the token of an account, 401 or 403 for one of a single cache.
    ///
    /// # Errors
    /// When Cachix cannot be asked.
    pub fn user(&self) -> Result<Answer<Vec<u8>>, Fault> {
        let request = Request::new(Method::GET, self.location.call(&["user"], &[])?, "get user");
        self.client.ask(&request.authorized(&self.authorization))
    }

    /// Creates the cache. If there is a signing key, that signs, and Cachix learns its public half; else Cachix makes a key.
    ///
    /// # Errors
    /// When the token is none of an account, or Cachix does not take it.
    pub fn create(&self, public: bool) -> Result<(), Fault> {
        let name = self.location.name.as_str();
        let user: User = reading::json(self.user()?, "Cachix").map_err(|fault| manual(name, fault))?;
        let new = NewCache { is_public: public, generate_signing_key: self.signing.is_none(), account_id: user.id };
        let answer = self.post(self.call(&[], &[])?, &new, &format!("create cache `{name}`"))?;
        reading::done(&answer).map_err(|fault| manual(name, fault))?;
        self.tell_key().map(drop)
    }

    /// Tells Cachix the public half of the signing key; `false` if there is none.
    ///
    /// # Errors
    /// When Cachix does not take it.
    pub fn tell_key(&self) -> Result<bool, Fault> {
        let Some(key) = &self.signing else { return Ok(false) };
        let public = key.public();
        let bare = public.split_once(':').map_or(public.as_str(), |(_, bare)| bare);
        let what = format!("tell Cachix the public key of `{}`", self.location.name);
        let answer = self.post(self.call(&["key"], &[])?, &NewKey { public_key: bare.to_owned() }, &what)?;
        reading::done(&answer).map(|()| true)
    }
}

/// `fault`, with what a token must have for this call, and how to do without.
fn manual(name: &str, fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Unauthorised => Fault::new(
            fault.kind,
            format!(
                "{}: caches are created with the personal token of an account (https://app.cachix.org/personal-tokens), not with \
                 the token of one cache; or create `{name}` by hand at https://app.cachix.org/cache",
                fault.what
            ),
        ),
        _ => fault,
    }
}
