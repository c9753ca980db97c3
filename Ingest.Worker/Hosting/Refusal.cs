using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Worker.Hosting;

/// <summary>A store that must not be used.</summary>
internal sealed class StoreRefusedException(string message) : Exception(message);

/// <summary>Tells the reasons for which the service stops on purpose, whose message is for the operator, from bugs, whose stack trace is for us.</summary>
internal static class Refusal
{
    public static bool IsOne(Exception exception) => exception is TableRefusedException or TransferSourceException or StoreException or StoreRefusedException or PlatformNotSupportedException or InvalidDataException or IndexDamagedException;
}
