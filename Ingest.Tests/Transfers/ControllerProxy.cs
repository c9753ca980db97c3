using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>
/// In front of an embedded broker: all that it says passes through, but that the broker with id 1 is the cluster's controller, and that it is reached here. The embedded one names a controller
/// that does not exist, so that a client's administrative questions find nobody to ask.
/// </summary>
internal sealed class ControllerProxy : IDisposable
{
    private const short Fetch = 1, Metadata = 3, FindCoordinator = 10, ApiVersions = 18, FlexibleMetadata = 9, FlexibleApiVersions = 3;

    /// <summary>The last version of a fetch that names topics, not their ids: brokers before 3.1.</summary>
    private const short FetchByName = 12;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<TcpClient> _connections = [];
    private readonly IPEndPoint _broker;
    private readonly Task _accepting;
    private readonly bool _knowsIdsInFetches;
    private volatile int _patched;

    /// <param name="knowsIdsInFetches">False: what is fetched is named by the topic's name, and one that was created anew answers as if it were the old one.</param>
    public ControllerProxy(EmbeddedBroker broker, bool knowsIdsInFetches = true)
    {
        _knowsIdsInFetches = knowsIdsInFetches;
        _broker = IPEndPoint.Parse(broker.BootstrapServers);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Answers in which the controller was named.</summary>
    public int Patched => _patched;

    /// <summary>Told of each answer to a fetch before it is passed on, to be damaged.</summary>
    public Action<byte[]> OnFetched { get; set; } = _ => { };

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        foreach (var connection in _connections) connection.Dispose();
        Assert.True(_accepting.Wait(TimeSpan.FromSeconds(10)));
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var server = new TcpClient();
                _connections.Add(client);
                _connections.Add(server);
                await server.ConnectAsync(_broker, _stop.Token);
                var asked = new ConcurrentDictionary<int, (short Api, short Version)>();
                _ = PumpAsync(client, server, frame => asked[Int32(frame, 4)] = (Int16(frame, 0), Int16(frame, 2)));
                _ = PumpAsync(server, client, frame =>
                {
                    if (asked.TryRemove(Int32(frame, 0), out var question)) Patch(frame, question.Api, question.Version);
                });
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Action<byte[]> look)
    {
        var size = new byte[4];
        try
        {
            while (true)
            {
                await from.GetStream().ReadExactlyAsync(size, _stop.Token);
                var frame = new byte[Int32(size, 0)];
                await from.GetStream().ReadExactlyAsync(frame, _stop.Token);
                look(frame);
                await to.GetStream().WriteAsync(size, _stop.Token);
                await to.GetStream().WriteAsync(frame, _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One side has hung up: so does the other.
            from.Dispose();
            to.Dispose();
        }
    }

    /// <summary>Kafka protocol guide, Metadata Response (version 9 on), FindCoordinator Response (versions 1 and 2), ApiVersions Response (version 3 on, whose header has no tags).</summary>
    private void Patch(byte[] frame, short api, short version)
    {
        if (api == Fetch) OnFetched(frame);
        if (api == ApiVersions && version >= FlexibleApiVersions && !_knowsIdsInFetches)
        {
            var at = 4 + 2;
            for (var keys = VarInt(frame, ref at) - 1; keys > 0; keys--, at += 7)
            {
                if (Int16(frame, at) == Fetch) BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(at + 4), Math.Min(Int16(frame, at + 4), FetchByName));
            }
        }

        if (api == FindCoordinator && version is 1 or 2)
        {
            var at = 4 + 4 + 2;
            at += 2 + Math.Max((short)0, Int16(frame, at));
            at += 4;
            at += 2 + Int16(frame, at);
            if (Int32(frame, at) > 0) BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(at), Port);
        }
        else if (api == Metadata && version >= FlexibleMetadata)
        {
            var at = 4 + 1 + 4;
            for (var brokers = VarInt(frame, ref at) - 1; brokers > 0; brokers--)
            {
                at += 4;
                SkipText(frame, ref at);
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(at), Port);
                at += 4;
                SkipText(frame, ref at);
                at++;
            }

            SkipText(frame, ref at);
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(at), 1);
            Interlocked.Increment(ref _patched);
        }
    }

    private static void SkipText(byte[] frame, ref int at)
    {
        var length = VarInt(frame, ref at) - 1;
        at += Math.Max(0, length);
    }

    private static int VarInt(byte[] frame, ref int at)
    {
        var value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = frame[at++];
            value |= (next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }

    private static short Int16(byte[] frame, int at) => BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(at));

    private static int Int32(byte[] frame, int at) => BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(at));
}
