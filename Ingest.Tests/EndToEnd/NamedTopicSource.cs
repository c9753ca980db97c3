using Ingest.Core.Transfers;

namespace Ingest.Tests.EndToEnd;

/// <summary>A source that says an id of its topics, as brokers from 2.8 on do and the embedded one does not.</summary>
internal sealed class NamedTopicSource(ITransferSource inner, string topicId) : ITransferSource
{
    public Task RunAsync(ITransferSink sink, CancellationToken stop) => inner.RunAsync(new Naming(sink, topicId), stop);

    public void Rewind(CommitRight old, CommitRight next) => inner.Rewind(old, next);

    public void Halt(CommitRight right) => inner.Halt(right);

    public long? EndOf(TopicPartition source) => inner.EndOf(source);

    public IReadOnlyCollection<TopicPartition> Unanswered => inner.Unanswered;

    public void ReportProgress(CommitRight right, long nextOffset) => inner.ReportProgress(right, nextOffset);

    public void Dispose() => inner.Dispose();

    private sealed class Naming(ITransferSink sink, string topicId) : ITransferSink
    {
        public bool WantsTransfers => sink.WantsTransfers;

        public Task AssigningAsync() => sink.AssigningAsync();

        public Task<IReadOnlyList<CommitRight?>> AssignedAsync(IReadOnlyList<PartitionBounds> partitions) => sink.AssignedAsync([.. partitions.Select(p => p with { TopicId = topicId })]);

        public Task RevokedAsync(IReadOnlyList<CommitRight> rights) => sink.RevokedAsync(rights);

        public Task LostAsync(IReadOnlyList<CommitRight> rights) => sink.LostAsync(rights);

        public bool TryAccept(TransferChunk chunk) => sink.TryAccept(chunk);

        public void Faulted(CommitRight right, long next, PartitionBounds? held, string why) => sink.Faulted(right, next, held, why);

        public void EndReached(CommitRight right, long endOffset) => sink.EndReached(right, endOffset);
    }
}
