using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>What reading from Kafka tells the reader of the log.</summary>
internal static partial class KafkaLog
{
    [LoggerMessage(2001, LogLevel.Information, "Reading as group {Group} from {Brokers}; topics {Topics}.")]
    public static partial void Subscribed(this ILogger log, int topics, string group, string brokers);

    [LoggerMessage(2002, LogLevel.Debug, "Assigned {Source}: reading from offset {Offset} (the broker holds {Start} to {End}).")]
    public static partial void Assigned(this ILogger log, TopicPartition source, long offset, long start, long end);

    [LoggerMessage(2003, LogLevel.Warning, "Assigned {Source}, but it stays halted.")]
    public static partial void AssignedHalted(this ILogger log, TopicPartition source);

    [LoggerMessage(2004, LogLevel.Information, "Handed over {Count} partitions.")]
    public static partial void Revoked(this ILogger log, int count);

    [LoggerMessage(2005, LogLevel.Warning, "Lost {Count} partitions; what was open of them is dropped and read again by their new owner.")]
    public static partial void Lost(this ILogger log, int count);

    [LoggerMessage(2006, LogLevel.Warning, "Kafka: {Reason} ({Code}). The client goes on trying.")]
    public static partial void Troubled(this ILogger log, string reason, string code);

    [LoggerMessage(2016, LogLevel.Information, "Waiting for the group: no partition is assigned yet. A member that was killed is missed only after its session timeout ({Timeout}).")]
    public static partial void WaitingForGroup(this ILogger log, string timeout);

    [LoggerMessage(2015, LogLevel.Warning, "Kafka: {Reason} ({Code}), and {More} more like it since the last line. The client goes on trying.")]
    public static partial void TroubledStill(this ILogger log, string reason, string code, long more);

    [LoggerMessage(2007, LogLevel.Error, "{Source} stopped: {Why}")]
    public static partial void Faulted(this ILogger log, TopicPartition source, string why);

    [LoggerMessage(2008, LogLevel.Debug, "Group offsets were not published (they are for lag monitors only): {Reason}.")]
    public static partial void ProgressNotPublished(this ILogger log, string reason);

    [LoggerMessage(2009, LogLevel.Warning, "The broker does not tell the offsets of {Source} ({Reason}); asking again.")]
    public static partial void BoundsUnknown(this ILogger log, TopicPartition source, string reason);

    [LoggerMessage(2017, LogLevel.Warning, "The group was not left in good order ({Reason}): it misses this member after its session timeout only.")]
    public static partial void NotLeft(this ILogger log, string reason);

    [LoggerMessage(2010, LogLevel.Debug, "Paused {Count} partitions: no room.")]
    public static partial void Paused(this ILogger log, int count);

    [LoggerMessage(2011, LogLevel.Debug, "Resumed {Count} partitions.")]
    public static partial void Resumed(this ILogger log, int count);

    [LoggerMessage(2012, LogLevel.Information, "Rewound {Source} to offset {Offset}.")]
    public static partial void Rewound(this ILogger log, TopicPartition source, long offset);

    [LoggerMessage(2013, LogLevel.Debug, "librdkafka {Facility}: {Message}")]
    public static partial void Client(this ILogger log, string facility, string message);

    [LoggerMessage(2014, LogLevel.Warning, "The brokers do not say the ids of the topics: {Reason} (attempt {Attempt} of {Attempts}). Without them, a topic that was created anew is noticed by its offsets alone.")]
    public static partial void TopicIdsUnknown(this ILogger log, string reason, int attempt, int attempts);
}
