using Ingest.Core;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Hosting;

public sealed class DeadLetterPostTests
{
    [Fact]
    public async Task A_topic_that_takes_nothing_is_tried_less_and_less_often_and_told_when_that_begins_and_is_over()
    {
        using var city = new City();
        city.Publish("nonsense");
        await city.CatchUpAsync();
        var (time, log, tries, isAway) = (new FakeTimeProvider(), new RecordingLogger(), 0, true);
        using var post = new DeadLetterPost(new DeadLetters(new LocalStore(city.Pool, IdSource.System), "refused", IdSource.System, TimeProvider.System), "refused", SendAsync, time, log);
        for (var i = 0; i < 900; i++)
        {
            await post.TryAsync(isLast: false, CancellationToken.None);
            time.Advance(DeadLetterPost.Interval);
        }

        Assert.Equal(11, tries); // at once, and after 2, 4, … 512 s more, then after ten minutes
        Assert.Equal(["1211 Refused records wait for the dead-letter topic refused, which is tried again, less and less often; ingest goes on: it is away"], log.Lines);
        await post.TryAsync(isLast: true, CancellationToken.None);
        Assert.Equal(12, tries);

        isAway = false;
        time.Advance(TimeSpan.FromMinutes(10));
        await post.TryAsync(isLast: false, CancellationToken.None);
        Assert.Equal(["1213 Refused records reach the dead-letter topic refused again", "1210 Sent 1 refused records to the dead-letter topic refused"], log.Lines.Skip(1));

        Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
        {
            tries++;
            return isAway ? throw new TransferSourceException("it is away") : Task.CompletedTask;
        }
    }
}
