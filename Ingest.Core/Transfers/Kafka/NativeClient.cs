using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>What librdkafka knows of a client and Confluent.Kafka does not pass on.</summary>
internal static partial class NativeClient
{
    static NativeClient() => MockCluster.UseLibrary();

    /// <summary>librdkafka's own object; whoever uses it must keep the client open meanwhile.</summary>
    /// <exception cref="InvalidOperationException">The client library is not the one that this was written for.</exception>
    public static SafeHandle HandleOf(IClient client) =>
        typeof(Handle).GetProperty("LibrdkafkaHandle", BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(client.Handle) as SafeHandle
        ?? throw new InvalidOperationException("Confluent.Kafka has no LibrdkafkaHandle any more: this version of it cannot be used.");

    /// <summary>The broker that was the cluster's controller when brokers last said; -1 when they say none, as those before 0.10 do.</summary>
    public static int ControllerOf(IClient client, TimeSpan wait) => ControllerId(HandleOf(client).DangerousGetHandle(), (int)wait.TotalMilliseconds);

    [LibraryImport(MockCluster.Library, EntryPoint = "rd_kafka_controllerid")]
    private static partial int ControllerId(nint client, int waitMs);
}
