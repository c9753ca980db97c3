using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Protocol;

/// <summary>Where a partition without any stored offset begins.</summary>
public enum StartPolicy
{
    /// <summary>The first offset the broker still holds.</summary>
    Earliest,

    /// <summary>The end of the partition at the moment of assignment.</summary>
    Latest,
}

/// <summary>Where reading of a partition begins, or why it must not.</summary>
public abstract record StartDecision
{
    private StartDecision() { }

    /// <summary>Read from <paramref name="Offset"/>: the lowest of the tables' offsets; each table skips what it already has.</summary>
    public sealed record Read(long Offset) : StartDecision;

    /// <summary>Going on would lose or double records silently; <paramref name="Why"/> says what, how much, and how to go on.</summary>
    public sealed record Halt(string Why) : StartDecision;
}

/// <summary>
/// Decides from the tables' own offsets (never from the group's) where a partition is read from.
/// <list type="table">
/// <item><term>no table has an offset</term><description>the policy's start</description></item>
/// <item><term>all offsets lie within [start, end] of the broker</term><description>the lowest</description></item>
/// <item><term>an offset lies beyond the end</term><description>halt: the topic was re-created or truncated</description></item>
/// <item><term>an offset lies before the start</term><description>halt: offsets expired unread</description></item>
/// </list>
/// Others commit and offsets expire at any moment, and what the broker said holds for the moment in which it was asked. So its end is judged by offsets that were read before that, its start by those that were read after:
/// either way round, a partition that is in good order would be stopped.
/// </summary>
public static class StartRule
{
    /// <summary>Why the broker does not reach as far as a table had come; null when it does.</summary>
    /// <param name="bounds">What the broker holds.</param>
    /// <param name="tables">Each table fed by the topic, with its offset as it was stored before the broker was asked; null when it had never taken anything of this partition.</param>
    public static string? BeyondTheEnd(PartitionBounds bounds, IReadOnlyList<(string Table, long? Offset)> tables)
    {
        foreach (var (table, stored) in tables)
        {
            if (stored is { } next && Problem($"table '{table}' needs", next, bounds with { Start = 0 }) is { } why) return why;
        }

        return null;
    }

    /// <summary>Where it is read from. Beyond the end is no sign of anything here, since others may have read on.</summary>
    /// <param name="bounds">What the broker held when the partition was assigned.</param>
    /// <param name="tables">Each table fed by the topic, with its stored offset of now; null when it never took anything of this partition.</param>
    /// <param name="policy">Start for tables without stored offset; it stays what it was at assignment.</param>
    public static StartDecision Decide(PartitionBounds bounds, IReadOnlyList<(string Table, long? Offset)> tables, StartPolicy policy)
    {
        var first = policy == StartPolicy.Earliest ? bounds.Start : bounds.End;
        var lowest = long.MaxValue;
        foreach (var (table, stored) in tables)
        {
            if (stored is { } next && Problem($"table '{table}' needs", next, bounds with { End = long.MaxValue }) is { } why) return new StartDecision.Halt(why);
            lowest = Math.Min(lowest, stored ?? first);
            Mutation.Set(Bug.SkipsExpiredOffsets, ref lowest, Math.Max(lowest, bounds.Start));
        }

        return new StartDecision.Read(lowest == long.MaxValue ? first : lowest);
    }

    /// <summary>Why the topic is not the one that a table has read, though it has the name: by the broker's ids, where both are known. Offsets alone tell only as long as the new topic is the shorter one.</summary>
    /// <param name="tables">Each table fed by the topic, with the id under which it knows the topic and its stored offset, as far as it has them.</param>
    public static string? AnotherTopic(PartitionBounds bounds, IReadOnlyList<(string Table, string? TopicId, long? Offset)> tables)
    {
        foreach (var (table, pinned, stored) in tables)
        {
            if (pinned is null || bounds.TopicId is not { } id || pinned == id) continue;
            var (source, start, end) = (bounds.Source, bounds.Start, bounds.End);
            return $"{source}: table '{table}' has read {(stored is { } next ? $"offsets below {next} of " : "")}the topic with id {pinned}, and the topic of that name now has id {id}: it was deleted and created anew, and holds {end - start} offsets [{start}, {end}) " +
                $"that nobody has read. Give it a new name in Ingest:Kafka:Source, and it is read from its start; records already in the pool are dropped as duplicates. " +
                $"Only if it is a copy of the old one with the same offsets, go on where that ended: pool accept-topic --topic {source.Topic} --id {id} and restart the worker.";
        }

        return null;
    }

    /// <summary>Why a partition that was being read cannot be read on at its next offset; null when the broker's bounds do not tell.</summary>
    public static string? Lost(long next, PartitionBounds? held) => held is { } bounds ? Problem("the worker needs", next, bounds) : null;

    private static string? Problem(string who, long next, PartitionBounds bounds)
    {
        var (source, start, end) = (bounds.Source, bounds.Start, bounds.End);
        Mutation.Set(Bug.IgnoresRecreatedTopic, ref end, long.MaxValue);
        Mutation.Set(Bug.SkipsExpiredOffsets, ref start, 0);
        if (next > end)
        {
            return $"{source}: {who} offset {next} next, but the topic ends at {end}: {next - end} offsets [{end}, {next}) that were read are not there any more. The topic was re-created or truncated, " +
                "or this is another cluster. If so, give it a new name in Ingest:Kafka:Source, and it is read from its start; records already in the pool are dropped as duplicates.";
        }

        return next >= start ? null :
            $"{source}: {who} offset {next} next, but the topic starts at {start}: {start - next} offsets [{next}, {start}) expired before they were read. " +
            $"Ask the department to send them again, then accept the gap with: pool accept-gap --topic {source.Topic} --partition {source.Partition} --to {start} and restart the worker.";
    }
}
