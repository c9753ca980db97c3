using System.Net;
using System.Net.Sockets;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>
/// Ports for processes that start in a moment. They lie below the range from which a system gives ports to whoever connects (32768 on Linux): one of those would now and then be somebody else's
/// by the time the process listens. Each is given once in a run, and runs beside one another begin at different ones.
/// </summary>
internal static class FreePorts
{
    private const int First = 12_000, Count = 16_000, Step = 61;

    private static int s_given = Environment.ProcessId * Step;

    public static int Next()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_given) % Count);
            using var listener = new TcpListener(IPAddress.Any, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody listens there.
            }
        }

        throw new InvalidOperationException($"No port from {First} to {First + Count - 1} is free.");
    }
}
