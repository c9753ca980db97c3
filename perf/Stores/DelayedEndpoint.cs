using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Ingest.Perf.Stores;

/// <summary>A TCP endpoint before another, which brings everything later, as a network between them would: half of the delay on the way there, half on the way back.</summary>
internal sealed class DelayedEndpoint : IAsyncDisposable
{
    private readonly Uri _server;
    private readonly TimeSpan _oneWay;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _serving = [];
    private readonly Task _accepting;

    /// <param name="server">Where everything goes, by plain HTTP.</param>
    /// <param name="delay">From a request to its answer, beside what the server takes.</param>
    public DelayedEndpoint(Uri server, TimeSpan delay)
    {
        (_server, _oneWay) = (server, delay / 2);
        _listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    /// <summary>What clients are told instead of the server's address.</summary>
    public string Address { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var task in _serving) await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true) _serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token).ConfigureAwait(false)));
    }

    private async Task ServeAsync(TcpClient accepted)
    {
        using var client = accepted;
        using var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        await server.ConnectAsync(_server.Host, _server.Port, _stop.Token).ConfigureAwait(false);
        await Task.WhenAll(PassAsync(client, server), PassAsync(server, client)).ConfigureAwait(false);
    }

    private async Task PassAsync(TcpClient from, TcpClient to)
    {
        var onTheWay = Channel.CreateUnbounded<(long ReadAt, byte[] Bytes)>();
        var arriving = ArriveAsync(onTheWay.Reader, to);
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token).ConfigureAwait(false) is > 0 and var read)
                await onTheWay.Writer.WriteAsync((TimeProvider.System.GetTimestamp(), buffer[..read]), _stop.Token).ConfigureAwait(false);
        }
        finally
        {
            onTheWay.Writer.Complete();
            await arriving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ArriveAsync(ChannelReader<(long ReadAt, byte[] Bytes)> onTheWay, TcpClient to)
    {
        await foreach (var (readAt, bytes) in onTheWay.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            var left = _oneWay - TimeProvider.System.GetElapsedTime(readAt);
            if (left > TimeSpan.Zero) await Task.Delay(left, TimeProvider.System, _stop.Token).ConfigureAwait(false);
            await to.GetStream().WriteAsync(bytes, _stop.Token).ConfigureAwait(false);
        }

        to.Client.Shutdown(SocketShutdown.Send);
    }
}
