using Ingest.Core.Stores;
using Ingest.Worker.Hosting;

namespace Ingest.Tests.Hosting;

public sealed class StoreLogTests
{
    [Fact]
    public void A_store_that_fails_is_told_in_words_with_what_may_be_wrong()
    {
        var log = new RecordingLogger();
        StoreLog.Report(log, new StoreHealthReport(false, DateTimeOffset.UnixEpoch, StoreFault.Transient, "Cannot create a: Could not find file '/proc/pool'.", StoreCircuit.Trying, 1, 3));
        Assert.Equal("1220 The store fails: Cannot create a: Could not find file '/proc/pool'. It is tried again, and intake waits. If that is not where the pool should be, mend Ingest:Pool", Assert.Single(log.Lines));
    }
}
