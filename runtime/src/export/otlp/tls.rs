//! TLS to the collector: rustls with ring, and the platform's authorities or those of a file.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::settings::Target;

pub(super) fn config(target: &Target) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match &target.certificate {
        Some(path) => {
            let unreadable =
                |error: String| format!("cannot read the certificates in {}: {error}", path.display());
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
                roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
            }
        }
        // Only asked where it matters: reading the platform's store takes milliseconds.
        None if target.endpoint.scheme_str() == Some("https") => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        None => {}
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot set up TLS: {error}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
