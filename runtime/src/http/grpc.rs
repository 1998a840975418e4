//! What is gRPC's own.

use tonic::service::Interceptor;
use tonic::{Request, Status};

use super::carrier;

/// An interceptor that sends context along with the calls of one gRPC client, and with the
/// [deadline](crate::WorkflowContext::deadline), if there is one, the time that is left (`grpc-timeout`).
///
/// It is made for one client, which calls one service, so there is no list of hosts. For spans and metrics of the
/// calls, too, put a [`ClientLayer`](super::ClientLayer) around the channel in its place.
///
/// ```
/// # async fn client(channel: tonic::transport::Channel) {
/// let intercepted = tonic::service::interceptor::InterceptedService::new(channel, tta::http::Inject);
/// // let client = PaymentsClient::new(intercepted);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Inject;

impl Interceptor for Inject {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        crate::span::local::current(|context| {
            carrier::inject(context, request.metadata_mut().as_mut());
            carrier::limit(context, request.metadata_mut().as_mut());
        });
        Ok(request)
    }
}
