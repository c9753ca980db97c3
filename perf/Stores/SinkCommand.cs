using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Stores;

/// <summary><c>sink</c>: a server that takes any upload and keeps nothing but its size. What is measured against it is the client alone, and the loopback.</summary>
internal static class SinkCommand
{
    private const int BufferBytes = 1 << 20;

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, long> s_sizes = new(StringComparer.Ordinal);

    public static Command Create()
    {
        var command = new Command("sink", "Serve PUT and HEAD as far as clients of S3 and Azure need, and forget the bytes; prints its port. Started by stores --sink.") { Hidden = true };
        command.SetAction((_, cancellation) => RunAsync(cancellation));
        return command;
    }

    private static async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Console.WriteLine(((IPEndPoint)listener.LocalEndpoint).Port);
        var serving = new List<Task>();
        while (!cancellation.IsCancellationRequested) serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(cancellation).ConfigureAwait(false), cancellation));
        return ExitCodes.Ok;
    }

    private static async Task ServeAsync(TcpClient client, CancellationToken cancellation)
    {
        using var connection = client;
        client.NoDelay = true;
        var stream = client.GetStream();
        var buffer = new byte[BufferBytes];
        var filled = 0;
        while (true)
        {
            int end;
            while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(filled), cancellation).ConfigureAwait(false);
                if (read == 0) return;
                filled += read;
            }

            var head = Encoding.ASCII.GetString(buffer, 0, end).Split("\r\n");
            var request = head[0].Split(' ');
            var length = Number(head, "content-length");
            if (Value(head, "expect") is not null) await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellation).ConfigureAwait(false);
            var left = length - (filled - end - 4);
            filled = 0;
            while (left > 0) left -= await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false) is > 0 and var read ? read : throw new EndOfStreamException();
            await stream.WriteAsync(Answer(request[0], request[1], length), cancellation).ConfigureAwait(false);
        }
    }

    private static byte[] Answer(string verb, string target, long length)
    {
        var path = target.Split('?')[0];
        if (verb == "PUT" && target.Contains("comp=block&", StringComparison.Ordinal)) s_sizes.AddOrUpdate(path, length, (_, blocks) => blocks + length);
        else if (verb == "PUT" && !target.Contains("comp=blocklist", StringComparison.Ordinal)) s_sizes[path] = length;
        var known = s_sizes.TryGetValue(path, out var size);
        var (status, bytes) = verb switch
        {
            "PUT" => ("201 Created", 0),
            "HEAD" when known => ("200 OK", size),
            "GET" => ("200 OK", 0),
            _ => ("404 Not Found", 0L),
        };
        return Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Length: {bytes.ToString(CultureInfo.InvariantCulture)}\r\nETag: \"0\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nx-ms-blob-type: BlockBlob\r\nx-ms-request-server-encrypted: true\r\n\r\n");
    }

    private static long Number(string[] head, string name) => long.TryParse(Value(head, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string? Value(string[] head, string name) =>
        head.FirstOrDefault(h => h.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) is { } line ? line[(name.Length + 1)..].Trim() : null;
}
