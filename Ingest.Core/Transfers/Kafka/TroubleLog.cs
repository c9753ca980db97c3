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

    private readonly Dictionary<(ErrorCode Code, string Where), Told> _told = [];

    public void Tell(Error error)
    {
        // "broker:9092/1: Connect to … failed: … (after 3ms in state CONNECT)": the broker is the same, the rest is not.
        var colon = error.Reason.IndexOf(": ", StringComparison.Ordinal);
        var kind = (error.Code, colon < 0 ? error.Reason : error.Reason[..colon]);
        var now = time.GetTimestamp();
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

    /// <param name="More">Equal ones since, without a line.</param>
    private readonly record struct Told(long At, long More);
}
