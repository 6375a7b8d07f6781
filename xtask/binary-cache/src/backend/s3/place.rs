//! `s3://bucket[/folder]?region=…&endpoint=…&scheme=…`: which bucket of which server.

use cache_protocol::{Fault, FaultKind};
use rusty_s3::{Bucket, UrlStyle};
use url::Url;

/// Where a cache in a bucket is.
#[derive(Debug, Clone)]
pub struct Place {
    /// The bucket.
    pub bucket: Bucket,
    /// What the names of its files begin with: empty, or `folder/`.
    pub folder: String,
    /// The profile in the credentials file, if the address names one.
    pub profile: Option<String>,
    /// The address as it is shown.
    pub shown: String,
}

impl Place {
    /// Reads the address, with the settings that Nix knows by the same names.
    ///
    /// # Errors
    /// When it names no bucket, or no server that could be.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault =
            |what: &str| Fault::new(FaultKind::Usage, format!("the cache's address `s3:…` cannot be read: {what}"));
        let url = Url::parse(text).map_err(|error| fault(&error.to_string()))?;
        let bucket = url.host_str().filter(|name| !name.is_empty()).ok_or_else(|| fault("it names no bucket"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fault("it holds a login; keys are read from the environment or from a profile"));
        }
        let setting = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
                .filter(|value| !value.is_empty())
        };
        let region = setting("region").unwrap_or_else(|| "us-east-1".to_owned());
        let scheme = setting("scheme").unwrap_or_else(|| "https".to_owned());
        let named = setting("endpoint");
        let endpoint = match &named {
            Some(endpoint) if endpoint.contains("://") => endpoint.clone(),
            Some(endpoint) => format!("{scheme}://{endpoint}"),
            None => format!("{scheme}://s3.{region}.amazonaws.com"),
        };
        let endpoint = Url::parse(&endpoint).map_err(|error| fault(&format!("its endpoint: {error}")))?;
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(fault("its endpoint holds a login"));
        }
        // Certificates of AWS are for one label below the service: a bucket with dots has no certificate of its own.
        let of_its_own = named.is_none() && !bucket.contains('.');
        let style = match setting("addressing-style").as_deref() {
            None | Some("auto") if of_its_own => UrlStyle::VirtualHost,
            None | Some("auto" | "path") => UrlStyle::Path,
            Some("virtual") => UrlStyle::VirtualHost,
            Some(_) => return Err(fault("its addressing-style is none of `auto`, `path` and `virtual`")),
        };
        let folder = url.path().trim_matches('/');
        let server = named.as_ref().map(|_| endpoint.origin().ascii_serialization());
        let shown = [
            Some(format!("s3://{bucket}")),
            (!folder.is_empty()).then(|| format!("/{folder}")),
            server.map(|server| format!(" at {server}")),
        ];
        Ok(Self {
            bucket: Bucket::new(endpoint, style, bucket.to_owned(), region)
                .map_err(|error| fault(&error.to_string()))?,
            folder: if folder.is_empty() { String::new() } else { format!("{folder}/") },
            profile: setting("profile"),
            shown: shown.into_iter().flatten().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_bucket_is() {
        let check = |text: &str, base: &str, folder: &str, shown: &str| {
            let place = Place::parse(text).unwrap();
            let found = (place.bucket.base_url().as_str(), place.folder.as_str(), place.shown.as_str());
            assert_eq!(found, (base, folder, shown), "{text}");
        };
        check("s3://b", "https://b.s3.us-east-1.amazonaws.com/", "", "s3://b");
        check("s3://b/f/g/?region=eu-west-1", "https://b.s3.eu-west-1.amazonaws.com/", "f/g/", "s3://b/f/g");
        check("s3://b.c", "https://s3.us-east-1.amazonaws.com/b.c/", "", "s3://b.c");
        check("s3://b?endpoint=h:9000&scheme=http", "http://h:9000/b/", "", "s3://b at http://h:9000");
        check("s3://b?endpoint=http://h:9000", "http://h:9000/b/", "", "s3://b at http://h:9000");
        check("s3://b?endpoint=h&addressing-style=virtual", "https://b.h/", "", "s3://b at https://h");
        check("s3://b?addressing-style=path", "https://s3.us-east-1.amazonaws.com/b/", "", "s3://b");
        assert_eq!(Place::parse("s3://b?profile=ci").unwrap().profile.as_deref(), Some("ci"));
    }

    #[test]
    fn what_is_no_bucket_is_said() {
        let check = |text: &str, expected: &str| {
            let error = Place::parse(text).unwrap_err();
            assert!(error.what.contains(expected) && !error.what.contains("hunter2"), "{error}");
        };
        check("s3://", "names no bucket");
        check("s3:///x", "names no bucket");
        check("s3://me:hunter2@b", "it holds a login");
        check("s3://b?endpoint=http://me:hunter2@h", "its endpoint holds a login");
        check("s3://b?endpoint=http://", "its endpoint: ");
        check("s3://b?addressing-style=x", "addressing-style is none of");
        check("s3://b?endpoint=ftp://h", "unsupported");
    }
}
