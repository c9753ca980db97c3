using System.Net;
using System.Net.Sockets;

namespace Ingest.Tests.Stores;

/// <summary>
/// A wire between worker and server that loses answers: the request arrives and is carried out, and the connection breaks before the client hears of it. Only answers to PUTs whose
/// path holds a word are lost, every so many of them.
/// </summary>
internal sealed class LossyProxy : IAsyncDisposable
{
    /// <summary>More than a request's head has.</summary>
    private const int PayloadBytesMin = 4096;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _server;
    private readonly string _word;
    private readonly int _every;
    private readonly Task _accepting;
    private int _seen;
    private int _lost;
    private volatile bool _isStalled;
    private volatile bool _damages;

    public LossyProxy(Uri server, string word, int every)
    {
        (_server, _word, _every) = (server, word, every);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The server's URL by way of this wire.</summary>
    public Uri Endpoint => new UriBuilder(_server) { Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;

    /// <summary>Answers lost so far.</summary>
    public int Lost => Volatile.Read(ref _lost);

    /// <summary>While set, answers do not come and connections stay open: a server that hangs.</summary>
    public bool IsStalled { get => _isStalled; set => _isStalled = value; }

    /// <summary>While set, bytes of what is uploaded change on the way.</summary>
    public bool Damages { get => _damages; set => _damages = value; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            using var server = new TcpClient { NoDelay = true };
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_server.Host, _server.Port, _stop.Token);
                var wire = new Wire();
                var up = PumpAsync(client.GetStream(), server.GetStream(), wire, isRequest: true);
                var down = PumpAsync(server.GetStream(), client.GetStream(), wire, isRequest: false);
                await Task.WhenAny(up, down);
            }
            catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException)
            {
                // As wires do.
            }
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Wire wire, bool isRequest)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.ReadAsync(buffer, _stop.Token) is > 0 and var count)
            {
                var bytes = buffer.AsMemory(0, count);
                if (isRequest && _damages && count >= PayloadBytesMin) buffer[count - 1] ^= 0x41;
                if (isRequest) Look(bytes.Span, wire);
                else if (wire.LosesAnswer && !bytes.Span.StartsWith("HTTP/1.1 100"u8))
                {
                    Interlocked.Increment(ref _lost);
                    return;
                }

                while (!isRequest && _isStalled) await Task.Delay(20, _stop.Token);
                await to.WriteAsync(bytes, _stop.Token);
            }
        }
        catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other end, or the test, has ended.
        }
    }

    /// <summary>A client writes a request's head at once, so that it stands at the start of what was read.</summary>
    private void Look(ReadOnlySpan<byte> bytes, Wire wire)
    {
        if (!bytes.StartsWith("PUT "u8)) return;
        var line = System.Text.Encoding.ASCII.GetString(bytes[..Math.Max(0, bytes.IndexOf((byte)'\r'))]);
        if (line.Contains(_word, StringComparison.Ordinal) && Interlocked.Increment(ref _seen) % _every == 0) wire.LosesAnswer = true;
    }

    private sealed class Wire
    {
        private volatile bool _losesAnswer;

        public bool LosesAnswer { get => _losesAnswer; set => _losesAnswer = value; }
    }
}
