using System.Runtime.CompilerServices;
using Confluent.Kafka;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>The client of a running source, told behind its back to fetch nothing any more, as if it had lost its partitions out of sight.</summary>
internal static class ForgetfulClient
{
    public static void Forget(KafkaTransferSource source) => Client(source)!.Pause(Client(source)!.Assignment);

    public static void Remember(KafkaTransferSource source) => Client(source)!.Resume(Client(source)!.Assignment);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_consumer")]
    private static extern ref IConsumer<Ignore, Ignore>? Client(KafkaTransferSource source);
}
