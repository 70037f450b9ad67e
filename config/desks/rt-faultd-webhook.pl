#!/usr/bin/perl
# Tells faultd that a ticket has changed, by faultd's webhook for desks: rt-faultd-webhook.pl URL SECRET_FILE KEY
#
# Started by the scrip of rt-faultd-scrip.pl. Of Perl's own modules alone; an https URL needs IO::Socket::SSL too.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_base64);
use HTTP::Tiny;
use MIME::Base64 qw(decode_base64);
use Time::HiRes qw(sleep time);

my ( $url, $secret_file, $key ) = @ARGV;
die "usage: $0 URL SECRET_FILE KEY\n" unless defined $key;

# A scrip may run before the change is committed.
sleep 0.3;

open my $file, '<', $secret_file or die "$secret_file: $!\n";
chomp( my $secret = <$file> // '' );
$secret =~ s/^\s+|\s+$//g;
$secret = decode_base64( substr $secret, 6 ) if $secret =~ /^whsec_/;

my $body = qq({"type": "ticket.changed", "data": {"key": "$key"}});
for my $number ( 0 .. 3 ) {
    my $seconds = int time;
    my $id      = "rt-$key-$$-" . time . "-$number";
    my $digest  = hmac_sha256_base64( "$id.$seconds.$body", $secret );
    $digest .= '=' while length($digest) % 4;
    my $answer = HTTP::Tiny->new( timeout => 10, verify_SSL => 1 )->post(
        $url,
        {   content => $body,
            headers => {
                'content-type'      => 'application/json',
                'webhook-id'        => $id,
                'webhook-timestamp' => $seconds,
                'webhook-signature' => "v1,$digest",
            },
        }
    );
    last if $answer->{success} || $answer->{status} < 500;
    # What is lost after these tries, faultd's next poll brings.
    sleep 2**$number;
}
