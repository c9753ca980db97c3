using System.Globalization;

namespace Ingest.Worker.Publishing;

/// <summary>Brokers that do not answer are waited for, but not in silence: each broker's trouble is told once, however often and by whichever of its addresses it comes. Thread-safe.</summary>
/// <param name="brokers">As they were given.</param>
/// <param name="patience">How long the client tries to deliver.</param>
internal sealed class BrokerTroubles(string brokers, TimeSpan patience, TextWriter output)
{
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>What may be wrong when nothing was delivered; null when every broker answered.</summary>
    public string? Advice
    {
        get
        {
            lock (_told) return _told.Count == 0 ? null : $"The brokers were given as {brokers}. If those are not the right ones, mend Ingest:Kafka:BootstrapServers.";
        }
    }

    /// <param name="reason">The client's words, such as "kafka:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)".</param>
    public void Tell(string reason)
    {
        lock (_told)
        {
            // That all brokers are down is the sum of what each of them has said.
            if (_told.Count > 0 && reason.EndsWith("brokers are down", StringComparison.Ordinal)) return;
            if (_told.Add(Kind(reason))) output.WriteLine($"Waiting for the brokers, up to {Words(patience)} (message.timeout.ms): {reason}");
        }
    }

    /// <summary>The broker and what ails it, without the address that was tried and how long that took.</summary>
    private static string Kind(string reason)
    {
        var details = reason.LastIndexOf(" (", StringComparison.Ordinal);
        var parts = (details < 0 ? reason : reason[..details]).Split(": ");
        return $"{parts[0]}: {parts[^1]}";
    }

    private static string Words(TimeSpan time)
    {
        var (number, unit) = time < TimeSpan.FromMinutes(1) ? (time.TotalSeconds, "second") : (time.TotalMinutes, "minute");
        return string.Create(CultureInfo.InvariantCulture, $"{number:0.#} {unit}{(number == 1 ? "" : "s")}");
    }
}
