using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>Which of the client's errors end what: the client mends most by itself.</summary>
internal static class KafkaErrors
{
    /// <summary>The position is not in the log: what was there is gone, or the topic was made anew.</summary>
    public static bool IsLostPlace(Error error) => error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange;

    /// <summary>What the broker holds at an offset cannot be read: damaged, or of a kind that the client does not know. It tells so, and goes on behind it, as if nothing had been there, or asks for the same again for ever.</summary>
    public static bool IsUnreadable(Error error) => error.Code is ErrorCode.Local_BadMsg or ErrorCode.Local_BadCompression or ErrorCode.Local_NotImplemented or ErrorCode.InvalidMsg or ErrorCode.InvalidMsgSize or ErrorCode.MsgSizeTooLarge;

    /// <summary>The brokers are about to agree on who leads a partition: asked again, they answer. Kafka calls these retriable; the client has no flag for it.</summary>
    public static bool IsPassing(Error error) => error.Code is ErrorCode.LeaderNotAvailable or ErrorCode.NotLeaderForPartition or ErrorCode.ReplicaNotAvailable or ErrorCode.UnknownTopicOrPart
        or ErrorCode.RequestTimedOut or ErrorCode.NetworkException or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch or ErrorCode.OffsetNotAvailable or ErrorCode.Local_Transport;

    /// <summary>Why the source cannot go on, or null when it can.</summary>
    /// <param name="everAssigned">A refusal at the start is a wrong configuration; later it may be a rotated password, and passes.</param>
    public static string? WhyFatal(Error error, bool everAssigned) => error.Code switch
    {
        ErrorCode.FencedInstanceId => $"Another worker has joined the group under our group.instance.id ({error.Reason}). Give each worker a name of its own, or stop one of the two.",
        _ when error.IsFatal => $"The Kafka client cannot go on: {error.Reason}. Restart the worker.",
        ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed or ErrorCode.UnsupportedSaslMechanism when !everAssigned =>
            $"Kafka refuses our credentials: {error.Reason}. Check sasl.mechanism, sasl.username and sasl.password under Ingest:Kafka:Properties.",
        ErrorCode.Local_Ssl when !everAssigned =>
            $"No TLS connection to Kafka: {error.Reason}. Check security.protocol, ssl.ca.location and the brokers' names under Ingest:Kafka:Properties.",
        ErrorCode.GroupAuthorizationFailed when !everAssigned => $"We may not use the consumer group: {error.Reason}. Grant READ on it, or change Ingest:Kafka:GroupId.",
        ErrorCode.TopicAuthorizationFailed when !everAssigned => $"We may not read a topic: {error.Reason}. Grant READ and DESCRIBE on it.",
        ErrorCode.InconsistentGroupProtocol => "The group's other members use another partition.assignment.strategy. Set the same for all workers; to change it, stop all first.",
        _ => null,
    };
}
