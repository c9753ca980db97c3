using System.Net;
using Amazon.Runtime;

namespace Ingest.Core.Stores.S3;

/// <summary>
/// HTTP clients of the SDK that let go of an idle connection soon. A server may have closed it, and a write whose connection breaks is an open question, not a plain failure; and Ceph's gateway, which
/// answers a put that it refuses without reading what was sent, takes that for the begin of the next request on the same connection.
/// </summary>
internal sealed class S3Clients : HttpClientFactory
{
    /// <summary>Less than the pause after a refusal, unless that is set shorter (<see cref="StoreRetryOptions.RefusedDelay"/>), so that the next attempt has a connection of its own; more than commits are apart.</summary>
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(4);

    /// <remarks>Time limits are <see cref="RetryingStore"/>'s.</remarks>
    public override HttpClient CreateHttpClient(IClientConfig clientConfig)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionIdleTimeout = s_idleTimeout,
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = clientConfig.AllowAutoRedirect,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
        };
        if (clientConfig.ConnectTimeout is { } connect) handler.ConnectTimeout = connect;
        if (clientConfig.MaxConnectionsPerServer is { } most) handler.MaxConnectionsPerServer = most;
        if (clientConfig.GetWebProxy() is { } proxy)
        {
            handler.Proxy = proxy;
            if (clientConfig.ProxyCredentials is { } credentials) proxy.Credentials = credentials;
        }

        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }
}
