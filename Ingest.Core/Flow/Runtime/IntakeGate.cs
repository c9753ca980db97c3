using System.Threading.Channels;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Where the source's thread meets the control loop. Chunks get their place in line and go to the decoders; callbacks become messages, and those
/// that need an answer get it from the loop, which never waits for the source.
/// </summary>
internal sealed class IntakeGate : ITransferSink
{
    // Chunks decoded or being decoded that the loop has not taken yet. Larger: more memory in flight; smaller: decoders wait for the loop.
    private const int LineMax = 32;

    // Bytes of transfers in line, unless a single one is larger. Decoded and typed, records weigh two to three times what they came as; the loop takes sixteen usual chunks a turn.
    private const long LineBytesMax = 16 << 20;

    // Callbacks are few and the loop is quick; if it ever lags this much, waiting is right.
    private const int MessagesMax = 4096;

    private readonly Channel<Ticket> _line = Channel.CreateBounded<Ticket>(new BoundedChannelOptions(LineMax) { SingleReader = true, SingleWriter = true });
    private readonly Channel<ControlMessage> _messages = Channel.CreateBounded<ControlMessage>(new BoundedChannelOptions(MessagesMax) { SingleReader = true });
    private readonly DecodePump _pump;
    private readonly Signal _signal;
    private readonly CancellationToken _ended;
    private volatile bool _wantsTransfers = true;
    private long _lineBytes;
    private long _accepted;

    /// <param name="ended">Cancelled when the loop has ended: nobody will answer any more.</param>
    public IntakeGate(DecodePump pump, Signal signal, CancellationToken ended)
    {
        _pump = pump;
        _signal = signal;
        _ended = ended;
    }

    public bool WantsTransfers
    {
        get => _wantsTransfers;
        set => _wantsTransfers = value;
    }

    public ChannelReader<Ticket> Line => _line.Reader;

    public ChannelReader<ControlMessage> Messages => _messages.Reader;

    /// <summary>What a ticket held is no longer held: it left the line, and its rows were taken.</summary>
    public void Left(Ticket ticket)
    {
        Interlocked.Add(ref _lineBytes, -ticket.Bytes);
        _pump.Left(ticket);
    }

    public bool TryAccept(TransferChunk chunk)
    {
        if (_line.Reader.Count >= LineMax) return false;
        var ticket = new Ticket(chunk, _accepted);
        var before = Interlocked.Read(ref _lineBytes);
        if (before > 0 && before + ticket.Bytes > LineBytesMax) return false;
        if (!_pump.TryStart(ticket)) return false;
        if (!_line.Writer.TryWrite(ticket)) throw new InvalidOperationException("The line has one writer and had room.");
        _accepted++;
        Interlocked.Add(ref _lineBytes, ticket.Bytes);
        _signal.Set();
        return true;
    }

    public Task AssigningAsync()
    {
        var reply = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new ControlMessage.Assigning(reply));
        return AnswerAsync(reply.Task, () => reply.TrySetCanceled(_ended));
    }

    public async Task<IReadOnlyList<CommitRight?>> AssignedAsync(IReadOnlyList<PartitionBounds> partitions)
    {
        var reply = new TaskCompletionSource<IReadOnlyList<CommitRight?>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new ControlMessage.Assigned(partitions, reply));
        return await AnswerAsync(reply.Task, () => reply.TrySetCanceled(_ended)) ? await reply.Task : new CommitRight?[partitions.Count];
    }

    public Task RevokedAsync(IReadOnlyList<CommitRight> rights)
    {
        var reply = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new ControlMessage.Revoked(rights, reply));
        return AnswerAsync(reply.Task, () => reply.TrySetCanceled(_ended));
    }

    public Task LostAsync(IReadOnlyList<CommitRight> rights)
    {
        // Before anything else: a commit about to be put sees it.
        Mutation.Set(Bug.IgnoresLoss, ref rights, []);
        foreach (var right in rights) right.Revoke();
        var reply = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new ControlMessage.Lost(rights, reply));
        return AnswerAsync(reply.Task, () => reply.TrySetCanceled(_ended));
    }

    public void EndReached(CommitRight right, long endOffset) => Post(new ControlMessage.EndReached(right, endOffset));

    public void Faulted(CommitRight right, long next, PartitionBounds? held, string why) => Post(new ControlMessage.Faulted(right, next, held, why));

    /// <summary>Asks the loop to commit what is open and end. Never answered when the loop ends otherwise.</summary>
    public Task StopAsync()
    {
        var reply = new TaskCompletionSource();
        Post(new ControlMessage.Stop(reply));
        return reply.Task;
    }

    private void Post(ControlMessage message)
    {
        while (!_messages.Writer.TryWrite(message) && !_ended.IsCancellationRequested) _messages.Writer.WaitToWriteAsync(_ended).AsTask().Wait(CancellationToken.None);
        _signal.Set();
    }

    /// <summary>True when the answer has come; false when the loop ended without one.</summary>
    private async Task<bool> AnswerAsync(Task reply, Action giveUp)
    {
        await using var registration = _ended.UnsafeRegister(static act => ((Action)act!)(), giveUp);
        try
        {
            await reply;
            return true;
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            return false;
        }
    }
}
