using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Troubles of the client as lines of the log. It tells of a broker that does not answer many times a second, and means the same each time: of equal ones there is a
/// line now and then that counts the others. Of the polling thread.
/// </summary>
internal sealed class TroubleLog(TimeProvider time, ILogger log)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(30);

    /// <summary>Brokers times codes: few. Beyond it, all begin anew.</summary>
    private const int KindsMax = 1_000;

    /// <summary>The client repeats what lasts more often than that.</summary>
    private static readonly TimeSpan s_recent = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(ErrorCode Code, string Where), Told> _told = [];
    private volatile Trouble? _last;

    /// <summary>What the client told last, if it is not long ago. From any thread.</summary>
    public string? Recent => _last is { } last && time.GetElapsedTime(last.At) < s_recent ? last.Text : null;

    public void Tell(Error error)
    {
        // "broker:9092/1: Connect to … failed: … (after 3ms in state CONNECT)": the broker is the same, the rest is not.
        var colon = error.Reason.IndexOf(": ", StringComparison.Ordinal);
        var kind = (error.Code, colon < 0 ? error.Reason : error.Reason[..colon]);
        var now = time.GetTimestamp();
        _last = new Trouble(now, $"{error.Reason} ({error.Code})");
        var hasTold = _told.TryGetValue(kind, out var last);
        if (hasTold && time.GetElapsedTime(last.At, now) < s_pause)
        {
            _told[kind] = last with { More = last.More + 1 };
            return;
        }

        if (_told.Count >= KindsMax) _told.Clear();
        _told[kind] = new Told(now, 0);
        if (last.More > 0) log.TroubledStill(error.Reason, error.Code.ToString(), last.More);
        else log.Troubled(error.Reason, error.Code.ToString());
    }

    private sealed record Trouble(long At, string Text);

    /// <param name="More">Equal ones since, without a line.</param>
    private readonly record struct Told(long At, long More);
}
