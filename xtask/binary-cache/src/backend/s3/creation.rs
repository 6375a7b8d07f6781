//! Creating the bucket of a cache.

use cache_protocol::{Fault, FaultKind};
use rusty_s3::S3Action as _;
use rusty_s3::actions::CreateBucket;

use super::{S3Cache, VALID, refusal};
use crate::transport::{Bytes, Method, Request};

/// The region that S3 assumes, and must not be told.
const USUAL: &str = "us-east-1";

impl S3Cache {
    /// Creates the bucket, unless it is there; says whether it was created.
    ///
    /// # Errors
    /// When it cannot be created: no keys, keys that may not, a name that somebody else has.
    pub fn create_bucket(&self) -> Result<bool, Fault> {
        let bucket = &self.place.bucket;
        // Asking for a file does not tell: some servers say the same of a bucket and of a file that are not there.
        let url = bucket.head_bucket(self.credentials.as_ref()).sign(VALID);
        let answer = self.ask(Method::HEAD, url, format!("look for the bucket `{}`", bucket.name()))?;
        match answer.status() {
            404 => {}
            // One who may read and write its files need not be one who may ask about the bucket.
            200..=299 | 403 => return Ok(false),
            _ => return Err(self.fault(&answer)),
        }
        let what = format!("create the bucket `{}`", bucket.name());
        let Some(credentials) = &self.credentials else {
            let why = "no keys were found in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or in a profile";
            return Err(Fault::new(FaultKind::Unauthorised, format!("{what}: {why}")));
        };
        let place = place(bucket.region());
        let bytes = Bytes(place.as_bytes());
        let request = Request::new(Method::PUT, CreateBucket::new(bucket, credentials).sign(VALID), what);
        let answer = self.client.ask(&request.again_when(refusal::may_pass).body(&bytes))?;
        match answer.status() {
            200..=299 => Ok(true),
            // A lost answer, or somebody else at the same moment.
            409 if refusal::element(&answer.text(), "Code") == Some("BucketAlreadyOwnedByYou") => Ok(false),
            401 | 403 => Err(Fault::new(
                FaultKind::Unauthorised,
                format!(
                    "{}: the keys need the permission s3:CreateBucket; or create the bucket by hand and run this again",
                    self.fault(&answer).what
                ),
            )),
            _ => Err(self.fault(&answer)),
        }
    }
}

/// What says in which region the bucket is to be.
fn place(region: &str) -> String {
    if region == USUAL {
        return String::new();
    }
    format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{region}\
         </LocationConstraint></CreateBucketConfiguration>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_region_is_not_named() {
        assert_eq!(place("us-east-1"), "");
        assert!(place("eu-central-1").contains("<LocationConstraint>eu-central-1</LocationConstraint>"));
    }
}
